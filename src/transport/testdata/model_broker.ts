import type { Rec } from "../../message/rec.ts";
import type {
  Delivery,
  Host,
  Lane,
  Requeue,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "../port.ts";

/** A record in the log of the model, and what the broker knows of it. */
export interface Stored {
  readonly rec: Rec;
  readonly lane: number;
  readonly at: number;
  /** Acked one by one, or passed by the committed position. */
  acked: boolean;
  /** Deliveries that count. */
  count: number;
  /** When it may be delivered, and who has it; `undefined` is nobody. */
  visibleAt: number;
  holder: Session | undefined;
  leaseEnds: number;
}

/** The plainest broker that keeps its word, with a handle for each fault. */
export class ModelBroker implements Transport {
  readonly name = "model";
  readonly traits: Traits;
  readonly lanes: Stored[][];
  /** Thrown by the next call of the method. */
  readonly faults: Partial<Record<"source" | "fetch" | "ack" | "requeue" | "extend", unknown[]>> =
    {};
  /** All acks, in their order, as `lane:index`. */
  readonly acks: string[] = [];
  sessions: Session[] = [];
  readonly #committed: number[];

  constructor(traits: Partial<Traits> = {}, lanes = 1) {
    this.traits = {
      settle: "prefix",
      requeue: "engine",
      lease: 0,
      counts: false,
      retained: true,
      groups: true,
      keyOrder: "group",
      ...traits,
    };
    this.lanes = Array.from({ length: lanes }, () => []);
    this.#committed = this.lanes.map(() => 0);
  }

  get records(): Stored[] {
    return this.lanes.flat();
  }

  publish(
    id: string,
    key = "",
    lane = 0,
    payload = new Uint8Array(),
    headers: Rec["headers"] = [],
  ): void {
    const rec = { id, key, headers, payload, time: Date.now() };
    const log = this.lanes[lane]!;
    const at = log.length;
    const facts = { acked: false, count: 0, visibleAt: 0, holder: undefined, leaseEnds: 0 };
    log.push({ rec, lane, at, ...facts });
    this.wake();
  }

  async source(spec: SourceSpec, host: Host): Promise<Source> {
    this.throwFault("source");
    const session = new Session(this, spec, host);
    this.sessions.push(session);
    return await session;
  }

  sink(): Sink {
    throw new Error("The model only gives");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  committed(lane: number): number {
    return this.#committed[lane]!;
  }

  /** Notes an ack, by its kind. */
  settle(stored: Stored): void {
    this.acks.push(`${stored.lane}:${stored.at}`);
    stored.holder = undefined;
    if (this.traits.settle === "each") {
      stored.acked = true;
      return;
    }
    const log = this.lanes[stored.lane]!;
    for (const earlier of log.slice(0, stored.at + 1)) earlier.acked = true;
    this.#committed[stored.lane] = Math.max(this.#committed[stored.lane]!, stored.at + 1);
  }

  /** Gives what a session holds to whoever asks next. */
  release(session: Session): void {
    for (const stored of this.records) {
      if (stored.holder === session) stored.holder = undefined;
    }
    this.sessions = this.sessions.filter((other) => other !== session);
    this.wake();
  }

  wake(): void {
    for (const session of this.sessions) session.wake();
  }

  throwFault(method: keyof ModelBroker["faults"]): void {
    const faults = this.faults[method];
    if (faults !== undefined && faults.length > 0) throw faults.shift();
  }
}

/** One source, and the lanes that it owns. */
export class Session implements Source {
  readonly host: Host;
  lanes: Lane[];
  readonly #broker: ModelBroker;
  readonly #cursors: number[];
  readonly extend?: (deliveries: readonly Delivery[]) => Promise<readonly Delivery[]>;
  readonly requeue?: (items: readonly Requeue[]) => Promise<void>;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(broker: ModelBroker, _spec: SourceSpec, host: Host) {
    this.#broker = broker;
    this.host = host;
    this.lanes = broker.lanes.map((_, at) => ({ name: String(at), fenced: false }));
    this.#cursors = broker.lanes.map((_, at) => broker.committed(at));
    if (broker.traits.lease > 0) this.extend = (deliveries) => this.#extend(deliveries);
    if (broker.traits.settle === "each") this.requeue = (items) => this.#requeue(items);
  }

  /** Somebody may ask for what is held here when its lease is over. */
  #watchLease(): void {
    const { lease } = this.#broker.traits;
    if (lease > 0) setTimeout(() => this.#broker.wake(), lease + 1);
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    for (;;) {
      if (signal.aborted || this.#closed) return [];
      this.#broker.throwFault("fetch");
      const found = this.#find(room, paused);
      if (found.length > 0) {
        this.#watchLease();
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    await Promise.resolve();
    this.#broker.throwFault("ack");
    for (const { token, lane } of deliveries) {
      const stored = token as Stored;
      if (lane.fenced) throw new Error(`Acked ${stored.rec.id} of a fenced lane`);
      if (this.#broker.traits.settle === "each" && stored.holder !== this) continue;
      this.#broker.settle(stored);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#broker.release(this);
    this.wake();
    return Promise.resolve();
  }

  wake(): void {
    this.#wake?.();
  }

  /** Gives a lane away and gets it back, as a rebalance does; resolves when it is ours again. */
  async rebalance(lane: number, within: number): Promise<void> {
    await this.host.revoke(this.lanes[lane]!, within);
    this.#renew(lane);
  }

  /** A lane is taken away without a word before, and comes back. */
  snatch(lane: number): void {
    this.host.lost(this.lanes[lane]!, new Error("snatched"));
    this.#renew(lane);
  }

  #renew(lane: number): void {
    if (this.#closed) return;
    this.lanes[lane] = { name: String(lane), fenced: false };
    this.#cursors[lane] = this.#broker.committed(lane);
    for (const stored of this.#broker.lanes[lane]!) {
      if (stored.holder === this) stored.holder = undefined;
    }
    this.wake();
  }

  #find(room: number, paused: (lane: Lane) => boolean): Delivery[] {
    const found: Delivery[] = [];
    this.lanes.forEach((lane, index) => {
      if (paused(lane)) return;
      for (const stored of this.#available(index)) {
        if (found.length >= room) return;
        stored.count++;
        stored.holder = this;
        stored.leaseEnds = Date.now() + this.#broker.traits.lease;
        this.#cursors[index] = stored.at + 1;
        const count = this.#broker.traits.counts ? stored.count : 1;
        found.push({ rec: stored.rec, token: stored, lane, count });
      }
    });
    return found;
  }

  #available(lane: number): Stored[] {
    const log = this.#broker.lanes[lane]!;
    if (this.#broker.traits.settle !== "each") return log.slice(this.#cursors[lane]);
    const { lease } = this.#broker.traits;
    const now = Date.now();
    return log.filter((stored) => {
      const isHeld = stored.holder !== undefined && (lease === 0 || now < stored.leaseEnds);
      return !stored.acked && !isHeld && stored.visibleAt <= now;
    });
  }

  async #requeue(items: readonly Requeue[]): Promise<void> {
    await Promise.resolve();
    this.#broker.throwFault("requeue");
    for (const { delivery, delay, unstarted } of items) {
      const stored = delivery.token as Stored;
      if (stored.holder !== this) continue;
      stored.holder = undefined;
      if (unstarted) stored.count--;
      stored.visibleAt = Date.now() + delay;
      if (delay > 0) setTimeout(() => this.#broker.wake(), delay);
    }
    this.#broker.wake();
  }

  async #extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    await Promise.resolve();
    this.#broker.throwFault("extend");
    this.#watchLease();
    const now = Date.now();
    return deliveries.filter(({ token }) => {
      const stored = token as Stored;
      if (stored.holder !== this || now >= stored.leaseEnds) return true;
      stored.leaseEnds = now + this.#broker.traits.lease;
      return false;
    });
  }
}
