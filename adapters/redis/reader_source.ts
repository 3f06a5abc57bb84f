import type { Delivery, Lane, Source, Traits } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import type { Layout } from "./layout.ts";
import type { Topic } from "./topics.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly topic: Topic;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  /** The last id that is settled, by lane; it outlives the connection. */
  readonly positions: Map<string, string>;
  readonly block: number;
}

interface ReaderLane extends Lane {
  readonly stream: string;
  /** The last id that was read. */
  last: string;
}

/** A reader without group: it joins nothing and leaves nothing behind. */
export class ReaderSource implements Source {
  readonly traits: Partial<Traits> = {
    settle: "prefix",
    requeue: "engine",
    lease: 0,
    counts: false,
  };
  readonly #plan: ReaderPlan;
  readonly #lanes: readonly ReaderLane[];

  constructor(plan: ReaderPlan) {
    this.#plan = plan;
    const { streams } = plan.topic.keys;
    this.#lanes = streams.map((stream, partition) => {
      const name = streams.length === 1 ? "" : String(partition);
      return { name, stream, last: plan.positions.get(name)!, fenced: false };
    });
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const { reader, block, topic, layout } = this.#plan;
    const lanes = this.#lanes.filter((lane) => !paused(lane)).slice(0, room);
    // The one that came last is the first to give way to others.
    const each = Math.floor(room / Math.max(1, lanes.length));
    const streams = await reader.read([
      ...["XREAD", "COUNT", Math.max(1, each), "BLOCK", block, "STREAMS"],
      ...(lanes.length === 0 ? [topic.keys.idle] : lanes.map(({ stream }) => stream)),
      ...(lanes.length === 0 ? ["$"] : lanes.map(({ last }) => last)),
    ], signal);
    return lanes.flatMap((lane) =>
      (streams.get(lane.stream) ?? []).map(({ id, fields }) => {
        lane.last = id;
        const named = `${topic.name}/${lane.name}/${id}`;
        const rec = layout.read(fields ?? [], { id: named, time: parseInt(id) });
        return { rec, token: id, lane, count: 1 };
      })
    );
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
