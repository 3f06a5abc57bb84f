import type { ConnectionEvent, ConnectionEvents } from "./capabilities.ts";
import { guard } from "./guard.ts";

/**
 * Who wants to hear of a connection. What a listener throws is printed, and hurts neither the connection
 * nor the others.
 *
 * @example Hear of a connection until it is enough
 * ```ts
 * import { ConnectionNews } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const news = new ConnectionNews();
 * const kinds: string[] = [];
 * const stop = news.onConnection(({ kind }) => kinds.push(kind));
 * news.tell({ kind: "lost", at: Date.now() });
 * stop();
 * news.tell({ kind: "recovered", at: Date.now() });
 * assertEquals(kinds, ["lost"]);
 * ```
 */
export class ConnectionNews implements ConnectionEvents {
  readonly #listeners = new Set<(event: ConnectionEvent) => void>();

  /** Adds a listener; what it returns takes it away. */
  onConnection(listener: (event: ConnectionEvent) => void): () => void {
    // A function of its own for each time that a listener is added: it is taken away as often.
    const hear = guard(listener);
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  /** Tells all who listen. */
  tell(event: ConnectionEvent): void {
    for (const hear of this.#listeners) hear(event);
  }
}
