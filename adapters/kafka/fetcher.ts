import type { Delivery, Lane } from "@beat/beat/transport";
import type { KafkaConsumer } from "./client.ts";
import { isConnectionLost, isRefusedFor } from "./errors.ts";
import type { KafkaLane } from "./lane.ts";
import { openTopic, type Topic } from "./topics.ts";

/** What fetches for some lanes. */
export interface FetcherPlan {
  readonly consumer: KafkaConsumer;
  readonly topic: Topic;
  /** Bytes of one answer, about. */
  readonly maxBytes: number;
  /** Some lanes want what is not there any more, or not yet: they go on where there is something. */
  skip(lanes: readonly KafkaLane[]): Promise<void>;
}

/** Milliseconds that a broker waits for records. */
const WAIT = 500;

/**
 * Fetches the records of some lanes, one request per broker at a time. A request cannot be taken back, so
 * what comes when nobody waits for it is kept until somebody does.
 */
export class Fetcher {
  readonly #plan: FetcherPlan;
  /** The brokers that were asked and have not answered, with what resolves when they have. */
  readonly #asked = new Map<number, Promise<void>>();
  #lanes: readonly KafkaLane[] = [];
  #isAsking = false;
  #failure: { readonly cause: unknown } | undefined;
  #turn = 0;
  #wake = () => {};

  constructor(plan: FetcherPlan) {
    this.#plan = plan;
  }

  /** What is fetched. */
  get lanes(): readonly KafkaLane[] {
    return this.#lanes;
  }

  set lanes(lanes: readonly KafkaLane[]) {
    this.#lanes = lanes;
    this.#wake();
  }

  /** Whether it has failed as a broker could not be reached, or did not answer. */
  get isLost(): boolean {
    return isConnectionLost(this.#failure?.cause);
  }

  /** At most `room` deliveries as soon as there is one, or none after a while. */
  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const isOpen = (lane: KafkaLane) => !lane.fenced && !paused(lane);
    const kept = this.#take(room, isOpen);
    if (kept.length > 0 || signal.aborted) return kept;
    this.#throwIfFailed();
    const { promise: woken, resolve } = Promise.withResolvers<void>();
    const wake = this.#wake = () => resolve();
    signal.addEventListener("abort", wake);
    void this.#ask(isOpen);
    await woken;
    signal.removeEventListener("abort", wake);
    this.#throwIfFailed();
    return this.#take(room, isOpen);
  }

  /** At most `room` deliveries when every broker has answered once. */
  async fetchAll(room: number): Promise<readonly Delivery[]> {
    const { signal } = new AbortController();
    const first = await this.fetch(room, () => false, signal);
    await Promise.all(this.#asked.values());
    if (this.#failure !== undefined) throw this.#failure.cause;
    return [...first, ...this.#take(room - first.length, () => true)];
  }

  /** Ends the client; resolves when nothing of a request is left. */
  async close(): Promise<void> {
    await this.#plan.consumer.close();
    await Promise.all(this.#asked.values());
  }

  /** Takes from the lanes in turn. */
  #take(room: number, isOpen: (lane: KafkaLane) => boolean): Delivery[] {
    const lanes = this.#lanes.filter((lane) => !lane.isEmpty && isOpen(lane));
    const taken: Delivery[] = [];
    const first = this.#turn++;
    for (let at = 0; at < lanes.length && taken.length < room; at++) {
      taken.push(...lanes[(first + at) % lanes.length]!.take(room - taken.length));
    }
    return taken;
  }

  /** Asks each broker for what it leads, unless it has not answered yet. */
  async #ask(isOpen: (lane: KafkaLane) => boolean): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { consumer, topic } = this.#plan;
    try {
      const { id, leaders } = await openTopic(consumer, "fetch", topic.name);
      if (id !== topic.id || leaders.length !== topic.leaders.length) {
        throw new Error(`Topic '${topic.name}' was made anew, or got more partitions`);
      }
      const lanes = this.#lanes.filter((lane) => lane.isEmpty && isOpen(lane));
      for (const [node, own] of Map.groupBy(lanes, ({ partition }) => leaders[partition]!)) {
        if (!this.#asked.has(node)) this.#asked.set(node, this.#askNode(node, own));
      }
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#isAsking = false;
    }
  }

  async #askNode(node: number, lanes: readonly KafkaLane[]): Promise<void> {
    try {
      await this.#answer(node, lanes);
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#asked.delete(node);
      this.#wake();
    }
  }

  async #answer(node: number, lanes: readonly KafkaLane[]): Promise<void> {
    const { consumer, maxBytes, skip, topic: { id: topicId } } = this.#plan;
    const partitions = lanes.map(({ partition, next }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: next,
      lastFetchedEpoch: -1,
      partitionMaxBytes: maxBytes,
    }));
    const topics = [{ topicId, partitions }];
    try {
      const { responses } = await consumer.fetch({ node, topics, maxBytes, maxWaitTime: WAIT });
      const found = new Map(
        responses.flatMap((response) =>
          response.partitions.map(({ partitionIndex, records }) => [partitionIndex, records])
        ),
      );
      for (const lane of lanes) lane.keep(found.get(lane.partition) ?? []);
    } catch (cause) {
      if (!isRefusedFor(cause, "OFFSET_OUT_OF_RANGE")) throw cause;
      await skip(lanes);
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#wake();
  }
}
