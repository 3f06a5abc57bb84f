import type { Connection } from "./connection.ts";
import { text } from "./layout.ts";
import type { StreamEntry } from "./stream_lane.ts";

/** Reads that wait for something to come, on a connection of their own, and can be called off. */
export class BlockingReader {
  readonly #reading: Connection;
  /** Where reads are called off: the other waits. */
  readonly #commands: Connection;
  #id = 0;
  #isReading = false;

  constructor(reading: Connection, commands: Connection) {
    this.#reading = reading;
    this.#commands = commands;
  }

  /** Resolves when the connection is there. */
  async open(): Promise<void> {
    this.#id = Number(await this.#reading.call("CLIENT", "ID"));
  }

  /** Entries by the key of their stream; none if none came in time, or it was called off. */
  async read(
    command: readonly (string | number)[],
    signal: AbortSignal,
  ): Promise<Map<string, StreamEntry[]>> {
    if (signal.aborted) return new Map();
    // Made anew by a command it would be another one: without its subscriptions, and with another id.
    this.#reading.checkOpen();
    const interrupt = () => void this.interrupt();
    signal.addEventListener("abort", interrupt);
    this.#isReading = true;
    try {
      const [name, ...args] = command;
      return streamsOf(await this.#reading.call(String(name), ...args));
    } finally {
      this.#isReading = false;
      signal.removeEventListener("abort", interrupt);
    }
  }

  /**
   * Ends a read that waits. It may be called off before the server has it, on another connection, so
   * this is said until it is heard.
   */
  async interrupt(): Promise<void> {
    try {
      while (this.#isReading) {
        if (await this.#commands.call("CLIENT", "UNBLOCK", this.#id) === 1) return;
      }
    } catch {
      // Whoever reads finds out by itself.
    }
  }

  /** Ends a read that waits, and the connection. */
  close(): Promise<void> {
    return this.#reading.close();
  }
}

/**
 * The streams of a reply. Protocol 2 has pairs of key and entries, protocol 3 a map, which comes as keys
 * and entries in turn.
 */
export function streamsOf(reply: unknown): Map<string, StreamEntry[]> {
  const found = new Map<string, StreamEntry[]>();
  if (!Array.isArray(reply)) return found;
  const isPairs = Array.isArray(reply[0]);
  const flat = isPairs ? reply.flat(1) : reply;
  for (let at = 0; at < flat.length; at += 2) found.set(text(flat[at]), entriesOf(flat[at + 1]));
  return found;
}

/** The entries of a reply. */
export function entriesOf(reply: unknown): StreamEntry[] {
  return (reply as [Uint8Array, Uint8Array[] | null][]).map(([id, fields]) => ({
    id: text(id),
    fields,
    count: 1,
  }));
}
