import type { Delivery, Lane, LaneLag, Source } from "@beat/beat/transport";
import type { KafkaConsumer } from "./client.ts";
import { Fetcher, type FetcherPlan } from "./fetcher.ts";
import { KafkaLane, laneOf, offsetOf } from "./lane.ts";
import { lagsOf } from "./offsets.ts";

/** Where a reader without group has its deliveries from: it joins nothing and leaves nothing behind. */
export class ReaderSource implements Source {
  readonly #consumer: KafkaConsumer;
  readonly #topic: string;
  readonly #positions: bigint[];
  readonly #fetcher: Fetcher;

  /** `positions` are where it goes on, by partition; they outlive it. */
  constructor(plan: FetcherPlan, positions: bigint[]) {
    this.#consumer = plan.consumer;
    this.#topic = plan.topic.name;
    this.#positions = positions;
    this.#fetcher = new Fetcher(plan);
    this.#fetcher.lanes = positions.map((position, partition) =>
      new KafkaLane(this.#topic, partition, position)
    );
  }

  fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    return this.#fetcher.fetch(room, paused, signal);
  }

  // deno-lint-ignore require-await
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      const lane = laneOf(delivery);
      lane.settled = this.#positions[lane.partition] = offsetOf(delivery) + 1n;
    }
  }

  offset(delivery: Delivery): string {
    return String(offsetOf(delivery));
  }

  lag(): Promise<readonly LaneLag[]> {
    return lagsOf(this.#consumer, this.#topic, this.#fetcher.lanes);
  }

  close(): Promise<void> {
    return this.#fetcher.close();
  }
}
