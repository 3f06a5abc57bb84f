import type { Delivery, Lane, Source, Traits } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import type { Layout } from "./layout.ts";
import { readCommand, Rota } from "./read_command.ts";
import { deliveriesOf } from "./stream_lane.ts";
import { laneNameOf, type Topic } from "./topics.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly topic: Topic;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  /** The last id that is settled, by lane; it outlives the connection. */
  readonly positions: Map<string, string>;
  /** Milliseconds of one read at most. */
  readonly block: number;
}

interface ReaderLane extends Lane {
  readonly stream: string;
  /** The last id that was read. */
  last: string;
}

/** Where a reader without group has its deliveries from: it joins nothing and leaves nothing behind. */
export class ReaderSource implements Source {
  readonly traits: Partial<Traits> = {
    settle: "prefix",
    requeue: "engine",
    lease: 0,
    counts: false,
  };
  readonly #plan: ReaderPlan;
  readonly #lanes: readonly ReaderLane[];
  readonly #rota = new Rota();

  constructor(plan: ReaderPlan) {
    this.#plan = plan;
    const { topic, positions } = plan;
    this.#lanes = topic.keys.streams.map((stream, partition) => {
      const name = laneNameOf(topic, partition);
      return { name, stream, last: positions.get(name)!, fenced: false };
    });
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const { reader, block, topic, layout } = this.#plan;
    const open = this.#lanes.filter((lane) => !paused(lane));
    const lanes = this.#rota.choose(open, room);
    const command = readCommand({
      words: ["XREAD"],
      streams: lanes.map(({ stream, last }) => [stream, last]),
      ...{ room, block, idle: topic.keys.idle },
    });
    const streams = await reader.read(command, signal);
    return lanes.flatMap((lane) => {
      const entries = streams.get(lane.stream) ?? [];
      lane.last = entries.at(-1)?.id ?? lane.last;
      return deliveriesOf(lane, topic.name, layout, entries);
    });
  }

  // deno-lint-ignore require-await
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const { lane, token } of deliveries) {
      this.#plan.positions.set(lane.name, token as string);
    }
  }

  offset({ token }: Delivery): string {
    return token as string;
  }

  close(): Promise<void> {
    return this.#plan.reader.close();
  }
}
