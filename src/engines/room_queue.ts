import { check, checkOptions, OBJECT } from "../options/options.ts";
import { NODE_WANTS_ROOM } from "../ring/layout.ts";
import { ENQUEUE_RULES } from "./async_engine.ts";
import { WaitingList } from "./waiting_list.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { Mesh } from "./mesh.ts";
import type { Outbox } from "./outbox.ts";

/** The calls of `enqueue` that wait for room in rings. */
export class RoomQueue {
  readonly #mesh: Mesh;
  readonly #outbox: Outbox;
  readonly #core: BusCore;
  readonly #waiters = new WaitingList();
  readonly #tryToDeliver: (resolution: Resolution, event: BusEvent) => boolean;

  /** `tryToDeliver` says whether there was room. */
  constructor(
    mesh: Mesh,
    outbox: Outbox,
    core: BusCore,
    tryToDeliver: (resolution: Resolution, event: BusEvent) => boolean,
  ) {
    this.#mesh = mesh;
    this.#outbox = outbox;
    this.#core = core;
    this.#tryToDeliver = tryToDeliver;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** The `enqueue` of the bus. */
  async enqueue(event: BusEvent, options: EnqueueOptions = {}): Promise<void> {
    check("enqueue an event", "event", event, OBJECT);
    checkOptions("enqueue an event", options, ENQUEUE_RULES);
    options.signal?.throwIfAborted();
    const resolution = this.#core.registry.resolve(event.type, "enqueue");
    if (this.#waiters.size === 0 && this.#tryToDeliver(resolution, event)) return;
    this.#outbox.awaitRoom();
    // All deliveries may settle first, and a wait in the background keeps no process.
    const handle = setInterval(() => {}, 2 ** 30);
    const { capacity } = this.#mesh.layout;
    await this.#waiters.wait(event, options, capacity).finally(() => clearInterval(handle));
  }

  /** Accepts those who find room now; `others` says whether somebody else waits for it too. */
  serve(others: boolean): void {
    const { registry } = this.#core;
    // Asks no gate: they were let in when they came, and the bus may drain since.
    this.#waiters.admit((event) => this.#tryToDeliver(registry.current(event.type), event));
    const isWaiting = others || this.#waiters.size > 0;
    this.#outbox.hasWaiters = isWaiting;
    if (!isWaiting) this.#mesh.cells.store(this.#mesh.words + NODE_WANTS_ROOM, 0);
  }

  /** Refuses all who wait, as the bus closes. */
  refuse(): void {
    this.#waiters.refuse();
  }
}
