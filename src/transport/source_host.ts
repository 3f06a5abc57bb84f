import type { ConnectionEvent } from "./capabilities.ts";
import type { Delivery, Host, Lane } from "./port.ts";

/**
 * The engine as one source sees it. A source that was given up is not always quiet: what it says then
 * must not be taken for the word of the one that has replaced it.
 */
export class SourceHost implements Host {
  readonly #engine: Host;
  #left = false;

  constructor(engine: Host) {
    this.#engine = engine;
  }

  /** Nothing that the source says counts from now on. */
  leave(): void {
    this.#left = true;
  }

  admit(delivery: Delivery): void | Promise<void> {
    if (!this.#left) return this.#engine.admit(delivery);
  }

  offer(delivery: Delivery): boolean {
    return !this.#left && this.#engine.offer(delivery);
  }

  async revoke(lane: Lane, within: number): Promise<void> {
    if (this.#left) lane.fenced = true;
    else await this.#engine.revoke(lane, within);
  }

  lost(lane: Lane, cause?: unknown): void {
    if (this.#left) lane.fenced = true;
    else this.#engine.lost(lane, cause);
  }

  end(): void {
    if (!this.#left) this.#engine.end();
  }

  event(event: ConnectionEvent): void {
    if (!this.#left) this.#engine.event(event);
  }
}
