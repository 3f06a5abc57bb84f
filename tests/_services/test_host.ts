import type { Rec } from "@beat/beat/message";
import type { ConnectionEvent, Delivery, Host, Lane, Source } from "@beat/beat/transport";

/** Stands for an engine in tests of sources: remembers what it is told, and gives up every lane at once. */
export class TestHost implements Host {
  readonly admitted: Delivery[] = [];
  readonly events: ConnectionEvent[] = [];
  readonly lostLanes: Lane[] = [];
  readonly revokedLanes: Lane[] = [];
  /** Resolves when the first lane is given away. */
  readonly revoked: Promise<void>;
  readonly #revoke: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.revoked = promise;
    this.#revoke = resolve;
  }

  admit(delivery: Delivery): void {
    this.admitted.push(delivery);
  }

  offer(): boolean {
    return false;
  }

  revoke(lane: Lane): Promise<void> {
    this.revokedLanes.push(lane);
    lane.fenced = true;
    this.#revoke();
    return Promise.resolve();
  }

  lost(lane: Lane): void {
    this.lostLanes.push(lane);
    lane.fenced = true;
  }

  end(): void {}

  event(event: ConnectionEvent): void {
    this.events.push(event);
  }
}

/** Fetches until there are so many deliveries. */
export async function take(source: Source, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const never = new AbortController().signal;
  while (taken.length < count) {
    taken.push(...await source.fetch!(count - taken.length, () => false, never));
  }
  return taken;
}

/** The payloads of deliveries, as text. */
export function textsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ rec }) => textOf(rec));
}

/** A payload as text. */
export function textOf({ payload }: Rec): string {
  return new TextDecoder().decode(payload);
}
