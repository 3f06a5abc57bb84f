import type { Lane, LaneLag } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import type { StreamEntry } from "./stream_lane.ts";
import { isBefore, type StreamState, streamStateOf } from "./stream_state.ts";

/** A stream of a topic as a reader has it. */
export class ReaderLane implements Lane {
  readonly name: string;
  /** The key of the stream. */
  readonly stream: string;
  fenced = false;
  /** The last id that was read. */
  last: string;
  /** Ids that were read and not settled. */
  readonly #held: string[] = [];
  /** Entries that the stream has ever had up to `last`, at least. */
  #count = 0;

  constructor(name: string, stream: string, last: string) {
    this.name = name;
    this.stream = stream;
    this.last = last;
  }

  /** Entries were read, at least one. */
  receive(entries: readonly StreamEntry[]): void {
    for (const { id } of entries) this.#held.push(id);
    this.last = entries.at(-1)!.id;
    this.#count += entries.length;
  }

  /** All up to an entry are settled. */
  settle(id: string): void {
    this.#held.splice(0, this.#held.indexOf(id) + 1);
  }

  /** How many entries are not settled. */
  async lag(connection: Connection): Promise<LaneLag> {
    const { last: position, name, stream } = this;
    // What comes while the server is asked may be in its answer: it is counted there, and once.
    const [held, count] = [this.#held.length, this.#count];
    const state = await streamStateOf(connection, stream);
    const unread = unreadOf(state, position, count);
    // What was removed unread is not read any more.
    if (position === this.last) this.#count = state.added - unread;
    return { lane: name, lag: held + unread, measuredAt: Date.now() };
  }
}

/** The server knows how many entries there are, and not how many of them come after one in between. */
function unreadOf(
  { added, first, last, length }: StreamState,
  position: string,
  count: number,
): number {
  if (!isBefore(position, last)) return 0;
  if (isBefore(position, first)) return length;
  return Math.min(length, added - count);
}
