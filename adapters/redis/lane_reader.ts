import type { BlockingReader } from "./blocking_reader.ts";
import type { StreamEntry } from "./stream_lane.ts";

/** What is read, and by whom. */
export interface LaneReaderPlan<T> {
  readonly reader: Pick<BlockingReader, "read">;
  /** What the command begins with: `XREAD`, or `XREADGROUP` and who reads. */
  readonly words: readonly string[];
  /** The id after which a stream is read. */
  readonly after: (lane: T) => string;
  /** A stream that nobody writes: it is waited for where there is nothing to read from. */
  readonly idle: string;
}

/** How much is read, and how long it may take. */
export interface LaneReadOptions {
  /** Entries at most. */
  readonly room: number;
  /** Milliseconds that it waits for entries. */
  readonly wait: number;
  /** Calls it off. */
  readonly signal: AbortSignal;
}

/** Milliseconds of a read that leaves out lanes because there are more than places. */
const TURN = 50;

/** Reads that wait for what is new in some streams, each in its turn where there is less room than streams. */
export class LaneReader<T extends { readonly stream: string }> {
  readonly #plan: LaneReaderPlan<T>;
  #turn = 0;

  constructor(plan: LaneReaderPlan<T>) {
    this.#plan = plan;
  }

  /** What came, by lane; nothing if nothing came in time, or it was called off. */
  async read(
    lanes: readonly T[],
    { room, wait, signal }: LaneReadOptions,
  ): Promise<(readonly [lane: T, entries: readonly StreamEntry[]])[]> {
    const chosen = this.#choose(lanes, room);
    const longest = chosen.length < lanes.length ? TURN : Infinity;
    // To wait for 0 ms would be to wait for ever.
    const block = Math.max(1, Math.ceil(Math.min(wait, longest)));
    const streams = await this.#plan.reader.read(this.#command(chosen, room, block), signal);
    return chosen.map((lane) => [lane, streams.get(lane.stream) ?? []] as const)
      .filter(([, entries]) => entries.length > 0);
  }

  /** At most `room` of the lanes. */
  #choose(lanes: readonly T[], room: number): readonly T[] {
    if (lanes.length <= room) return lanes;
    const start = this.#turn++ * room % lanes.length;
    return [...lanes.slice(start), ...lanes.slice(0, start)].slice(0, room);
  }

  /** Each of several streams may bring its share. */
  #command(lanes: readonly T[], room: number, block: number): (string | number)[] {
    const { words, after, idle } = this.#plan;
    if (lanes.length === 0) return ["XREAD", "BLOCK", block, "STREAMS", idle, "$"];
    return [
      ...[...words, "COUNT", Math.max(1, Math.floor(room / lanes.length)), "BLOCK", block],
      ...["STREAMS", ...lanes.map(({ stream }) => stream), ...lanes.map(after)],
    ];
  }
}
