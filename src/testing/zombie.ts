import { scheduleMacrotask } from "../runtime/macrotask.ts";
import type { Delivery, Host, Lane, Source, SourceSpec, Transport } from "../transport/port.ts";

const MOST = 16;

/**
 * A member of a group whose process was killed when it had just got messages: it stands in the place of
 * the engine, takes what comes first, and does nothing any more.
 */
export class Zombie implements Host {
  readonly #transport: Transport;
  readonly #first = Promise.withResolvers<void>();
  #source: Source | undefined;
  #hasLeft = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Joins the group. What it resolves with resolves when it has something. */
  async join(topic: string, group: string): Promise<{ taken: Promise<void> }> {
    const spec: SourceSpec = { topic, group, from: "earliest", prefetch: MOST, ordered: false };
    this.#source = await this.#transport.source(spec, this);
    this.#take(this.#source).catch((error) => this.#first.reject(error));
    return { taken: this.#first.promise };
  }

  /** Its connection ends, for brokers that go by that. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    await this.#source?.close();
  }

  admit(_delivery: Delivery): void {
    this.#first.resolve();
  }

  offer(delivery: Delivery): boolean {
    this.admit(delivery);
    return true;
  }

  async revoke(lane: Lane): Promise<void> {
    lane.fenced = true;
    await undefined;
  }

  lost(lane: Lane): void {
    lane.fenced = true;
  }

  end(): void {}

  event(): void {}

  async #take(source: Source): Promise<void> {
    const { signal } = new AbortController();
    // A fetch may come back with nothing, after a while or at once: others get their turn.
    while (source.fetch !== undefined && !this.#hasLeft) {
      const deliveries = await source.fetch(MOST, () => false, signal);
      if (deliveries.length > 0) return this.#first.resolve();
      await new Promise<void>(scheduleMacrotask);
    }
  }
}
