/** What is read, and how. */
export interface ReadPlan {
  /** What the command begins with: `XREAD`, or `XREADGROUP` and who reads. */
  readonly words: readonly string[];
  /** The streams, each with the id after which it is read. */
  readonly streams: readonly (readonly [stream: string, after: string])[];
  /** Entries at most. */
  readonly room: number;
  /** Milliseconds that it waits at most. */
  readonly block: number;
  /** A stream that nobody writes: it is waited for where there is nothing to read from. */
  readonly idle: string;
}

/** The words of a read that waits. Each of several streams may bring its share. */
export function readCommand({ words, streams, room, block, idle }: ReadPlan): (string | number)[] {
  if (streams.length === 0) return ["XREAD", "BLOCK", block, "STREAMS", idle, "$"];
  return [
    ...[...words, "COUNT", Math.max(1, Math.floor(room / streams.length)), "BLOCK", block],
    ...["STREAMS", ...streams.map(([stream]) => stream), ...streams.map(([, after]) => after)],
  ];
}

/** Who is read next where there is less room than lanes: each in its turn. */
export class Rota {
  #turn = 0;

  /** At most `room` of some lanes. */
  choose<T>(lanes: readonly T[], room: number): readonly T[] {
    if (lanes.length <= room) return lanes;
    const start = this.#turn++ * room % lanes.length;
    return [...lanes.slice(start), ...lanes.slice(0, start)].slice(0, room);
  }
}
