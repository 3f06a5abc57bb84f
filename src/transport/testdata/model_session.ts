import type { Rec } from "../../message/rec.ts";
import type { Delivery, Host, Lane, Requeue, Source, SourceSpec } from "../port.ts";
import type { ModelBroker, Stored } from "./model_broker.ts";

/** What a delivery is settled by: one that was delivered again since is no longer it. */
interface Token {
  readonly stored: Stored;
  readonly delivery: number;
}

/** A lane in the hands of a session, and what it delivers next. */
interface OwnLane {
  readonly lane: Lane;
  cursor: number;
  revoking: boolean;
}

/** One source of a model broker: it knows what an engine must not do, and notes when it does. */
export class ModelSession implements Source {
  readonly host: Host;
  fetch?: NonNullable<Source["fetch"]>;
  requeue?: (items: readonly Requeue[]) => Promise<void>;
  extend?: (deliveries: readonly Delivery[]) => Promise<readonly Delivery[]>;
  transfer?: (delivery: Delivery, topic: string, rec: Rec) => Promise<void>;
  readonly #broker: ModelBroker;
  readonly #lanes = new Map<number, OwnLane>();
  readonly #inFlight = new Set<string>();
  #wake: (() => void) | undefined;
  #pushes = true;
  #state: "open" | "closed" | "killed" = "open";

  constructor(broker: ModelBroker, _spec: SourceSpec, host: Host) {
    this.#broker = broker;
    this.host = host;
    const { traits, options } = broker;
    if ((options.intake ?? "fetch") === "fetch") {
      this.fetch = (room, paused, signal) =>
        this.#call("fetch", () => this.#fetch(room, paused, signal));
    }
    if (traits.lease > 0) this.extend = (held) => this.#call("extend", () => this.#extend(held));
    if (traits.settle === "each") {
      this.requeue = (items) => this.#call("requeue", () => this.#requeue(items));
    }
    const { transfer } = options;
    if (transfer !== undefined) {
      this.transfer = (delivery, _topic, rec) => this.#transfer(delivery, transfer(rec));
    }
  }

  /** How many lanes it has. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Begins to hand over, where it is not asked. */
  start(): void {
    const { intake } = this.#broker.options;
    if (intake === "admit") this.#push((delivery) => this.host.admit(delivery));
    if (intake === "offer") this.#push((delivery) => this.#offer(delivery));
  }

  ack(deliveries: readonly Delivery[]): Promise<void> {
    return this.#call("ack", () => this.#ack(deliveries));
  }

  stop(): Promise<void> {
    this.#pushes = false;
    this.wake();
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closed";
      this.#broker.leave(this);
      this.#broker.release(this);
    }
    this.wake();
    return Promise.resolve();
  }

  /** Is gone without a word: its calls are never answered. */
  kill(): void {
    this.#state = "killed";
    this.#broker.forget(this);
  }

  wake(): void {
    this.#wake?.();
  }

  own(lane: number, cursor: number): void {
    const own = { lane: { name: String(lane), fenced: false }, cursor, revoking: false };
    this.#lanes.set(lane, own);
    this.wake();
  }

  isRevoking(lane: number): boolean {
    return this.#lanes.get(lane)!.revoking;
  }

  async revoke(lane: number, within: number): Promise<void> {
    const own = this.#lanes.get(lane)!;
    own.revoking = true;
    await this.host.revoke(own.lane, within);
    this.#lanes.delete(lane);
  }

  lose(lane: number): void {
    this.host.lost(this.#lanes.get(lane)!.lane, new Error("snatched"));
    this.#lanes.delete(lane);
  }

  /** Calls of one method never overlap, nor follow the end; one that was killed never answers. */
  async #call<T>(method: string, call: () => Promise<T>): Promise<T> {
    if (this.#state === "killed") return await new Promise(() => {});
    if (this.#state === "closed") this.#broker.violations.push(`${method}() after close()`);
    if (this.#inFlight.has(method)) this.#broker.violations.push(`two ${method}() at once`);
    this.#inFlight.add(method);
    try {
      const result = await call();
      if (this.#stateNow() === "killed") return await new Promise(() => {});
      return result;
    } finally {
      this.#inFlight.delete(method);
    }
  }

  #stateNow(): string {
    return this.#state;
  }

  async #fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    for (;;) {
      if (signal.aborted || this.#state !== "open") return [];
      this.#broker.throwFault("fetch");
      const found = this.#find(room, paused);
      if (found.length > 0) return found;
      await this.#change(signal);
    }
  }

  /** Waits until there may be something to deliver. */
  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async #push(hand: (delivery: Delivery) => void | Promise<void>): Promise<void> {
    await undefined;
    while (this.#state === "open" && this.#pushes) {
      try {
        this.#broker.throwFault("fetch");
      } catch (cause) {
        return this.host.event({ kind: "failed", at: Date.now(), cause });
      }
      const [delivery] = this.#find(1, () => false);
      if (delivery === undefined) await this.#change();
      else await hand(delivery);
    }
  }

  /** A sender that is refused comes again; only what was taken counts as delivered. */
  async #offer(delivery: Delivery): Promise<void> {
    const { stored } = delivery.token as Token;
    stored.count--;
    while (!this.host.offer(delivery)) {
      if (this.#state !== "open" || delivery.lane.fenced) {
        if (this.#holds(delivery)) stored.holder = undefined;
        return this.#broker.wake();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stored.count++;
    stored.leaseEnds = Date.now() + this.#broker.traits.lease;
  }

  async #ack(deliveries: readonly Delivery[]): Promise<void> {
    const { settle } = this.#broker.traits;
    if (settle === "none") this.#broker.violations.push("ack() where there is nothing to tell");
    for (const { rec, lane } of deliveries) {
      if (lane.fenced) this.#broker.violations.push(`ack of ${rec.id} on a fenced lane`);
    }
    const { ackDelay = 0 } = this.#broker.options;
    if (ackDelay > 0) await new Promise((resolve) => setTimeout(resolve, ackDelay));
    else await undefined;
    if (this.#stateNow() === "killed") return;
    this.#broker.throwFault("ack");
    for (const delivery of deliveries) {
      if (delivery.lane.fenced || !this.#owns(delivery.lane)) continue;
      if (settle === "each" && !this.#holds(delivery)) continue;
      this.#broker.settle((delivery.token as Token).stored);
    }
  }

  #holds({ token }: Delivery): boolean {
    const { stored, delivery } = token as Token;
    return stored.holder === this && stored.delivery === delivery;
  }

  #owns(lane: Lane): boolean {
    return this.#lanes.get(Number(lane.name))?.lane === lane;
  }

  #find(room: number, paused: (lane: Lane) => boolean): Delivery[] {
    const { traits } = this.#broker;
    const found: Delivery[] = [];
    for (const [index, own] of this.#lanes) {
      if (own.lane.fenced || own.revoking || paused(own.lane)) continue;
      for (const stored of this.#available(index, own)) {
        if (found.length >= room) break;
        stored.count++;
        stored.delivery++;
        stored.holder = this;
        stored.leaseEnds = Date.now() + traits.lease;
        own.cursor = stored.at + 1;
        const count = traits.counts ? stored.count : 1;
        const token: Token = { stored, delivery: stored.delivery };
        found.push({ rec: stored.rec, token, lane: own.lane, count });
      }
    }
    if (found.length > 0) this.#watchLease();
    return found;
  }

  #available(lane: number, { cursor }: OwnLane): Stored[] {
    const log = this.#broker.lanes[lane]!;
    const { lease, settle } = this.#broker.traits;
    if (settle !== "each") return log.slice(cursor);
    const now = Date.now();
    return log.filter((stored) => {
      const isHeld = stored.holder !== undefined && (lease === 0 || now < stored.leaseEnds);
      return !stored.acked && !isHeld && stored.visibleAt <= now;
    });
  }

  /** Somebody may ask for what is held here when its lease is over. */
  #watchLease(): void {
    const { lease } = this.#broker.traits;
    if (lease > 0) setTimeout(() => this.#broker.wake(), lease + 1);
  }

  async #requeue(items: readonly Requeue[]): Promise<void> {
    await undefined;
    this.#broker.throwFault("requeue");
    for (const { delivery, delay, unstarted } of items) {
      const { stored } = delivery.token as Token;
      if (!this.#holds(delivery)) continue;
      stored.holder = undefined;
      if (unstarted) stored.count--;
      stored.visibleAt = Date.now() + delay;
      if (delay > 0) setTimeout(() => this.#broker.wake(), delay);
    }
    this.#broker.wake();
  }

  async #extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    for (const { rec, lane } of deliveries) {
      if (lane.fenced) this.#broker.violations.push(`extends ${rec.id} on a fenced lane`);
    }
    await undefined;
    this.#broker.throwFault("extend");
    this.#watchLease();
    const now = Date.now();
    return deliveries.filter((delivery) => {
      const { stored } = delivery.token as Token;
      if (!this.#holds(delivery) || now >= stored.leaseEnds) return true;
      stored.leaseEnds = now + this.#broker.traits.lease;
      return false;
    });
  }

  async #transfer(delivery: Delivery, published: Promise<void>): Promise<void> {
    await published;
    const { stored } = delivery.token as Token;
    if (this.#holds(delivery) && this.#owns(delivery.lane)) this.#broker.settle(stored);
  }
}
