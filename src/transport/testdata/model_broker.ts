import type { Rec } from "../../message/rec.ts";
import type { Host, Sink, SourceSpec, Traits, Transport } from "../port.ts";
import { ModelSession } from "./model_session.ts";

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
  holder: ModelSession | undefined;
  leaseEnds: number;
  /** Tells its last delivery from those before. */
  delivery: number;
}

/** How a model broker differs from the plainest one. */
export interface ModelOptions extends Partial<Traits> {
  /** Lanes of the topic. @default {1} */
  lanes?: number;
  /** Whether it is asked, or hands over: waiting for room, or not. @default {"fetch"} */
  intake?: "fetch" | "admit" | "offer";
  /** Milliseconds that an ack takes. @default {0} */
  ackDelay?: number;
  /** Where a letter that is published and acked in one step goes to. @default {there is no such step} */
  transfer?: (rec: Rec) => Promise<void>;
}

type Method = "source" | "fetch" | "ack" | "requeue" | "extend";

/** The plainest broker that keeps its word, with a handle for each fault. */
export class ModelBroker implements Transport {
  readonly name = "model";
  readonly traits: Traits;
  readonly options: ModelOptions;
  readonly lanes: Stored[][];
  /** Who has each lane. */
  readonly owners: (ModelSession | undefined)[];
  /** Thrown by the next calls of a method. */
  readonly faults: Partial<Record<Method, unknown[]>> = {};
  /** What an engine did that it must never do. */
  readonly violations: string[] = [];
  sessions: ModelSession[] = [];
  readonly #committed: number[];

  constructor(options: ModelOptions = {}) {
    const { lanes = 1, intake: _, ackDelay: __, transfer: ___, ...traits } = options;
    this.options = options;
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
    this.owners = this.lanes.map(() => undefined);
    this.#committed = this.lanes.map(() => 0);
  }

  get records(): Stored[] {
    return this.lanes.flat();
  }

  publish(
    id: string,
    key = "",
    lane = 0,
    payload: Uint8Array = new Uint8Array(),
    headers: Rec["headers"] = [["order", key]],
  ): void {
    const rec = { id, key, headers, payload, time: Date.now() };
    const log = this.lanes[lane]!;
    const at = log.length;
    const facts = {
      acked: false,
      count: 0,
      visibleAt: 0,
      holder: undefined,
      leaseEnds: 0,
      delivery: 0,
    };
    log.push({ rec, lane, at, ...facts });
    this.wake();
  }

  async source(spec: SourceSpec, host: Host): Promise<ModelSession> {
    await undefined;
    this.throwFault("source");
    const session = new ModelSession(this, spec, host);
    this.sessions.push(session);
    this.#balance();
    session.start();
    return session;
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
    stored.holder = undefined;
    if (this.traits.settle === "each") {
      stored.acked = true;
      return;
    }
    const log = this.lanes[stored.lane]!;
    for (const earlier of log.slice(0, stored.at + 1)) earlier.acked = true;
    this.#committed[stored.lane] = Math.max(this.#committed[stored.lane]!, stored.at + 1);
  }

  /** A session is gone: what it holds is for others. */
  release(session: ModelSession): void {
    for (const stored of this.records) {
      if (stored.holder === session) stored.holder = undefined;
    }
    this.owners.forEach((owner, lane) => {
      if (owner === session) this.owners[lane] = undefined;
    });
    this.#balance();
    this.wake();
  }

  /** A session is gone without a word: it is noticed when its leases end. */
  forget(session: ModelSession): void {
    this.leave(session);
    if (this.traits.lease === 0) this.release(session);
    else setTimeout(() => this.release(session), this.traits.lease);
  }

  /** A session gets nothing more. */
  leave(session: ModelSession): void {
    this.sessions = this.sessions.filter((other) => other !== session);
  }

  /** Takes a lane from its owner, who may finish within so many milliseconds, and gives it to another. */
  async rebalance(lane: number, within: number): Promise<void> {
    const owner = this.owners[lane];
    if (owner === undefined || !this.#mayTake(lane, owner)) return;
    await owner.revoke(lane, within);
    if (this.owners[lane] !== owner) return;
    const next = (this.sessions.indexOf(owner) + 1) % this.sessions.length;
    this.#give(lane, this.sessions[next]);
  }

  /** Takes a lane away without a word before, and gives it to another. */
  snatch(lane: number): void {
    const owner = this.owners[lane];
    if (owner === undefined || !this.#mayTake(lane, owner)) return;
    owner.lose(lane);
    const next = (this.sessions.indexOf(owner) + 1) % this.sessions.length;
    this.#give(lane, this.sessions[next]);
  }

  wake(): void {
    for (const session of this.sessions) session.wake();
  }

  throwFault(method: Method): void {
    const faults = this.faults[method];
    if (faults !== undefined && faults.length > 0) throw faults.shift();
  }

  #mayTake(lane: number, owner: ModelSession): boolean {
    return this.sessions.includes(owner) && !owner.isRevoking(lane);
  }

  /** Gives lanes that nobody has to whoever has the fewest. */
  #balance(): void {
    this.owners.forEach((owner, lane) => {
      if (owner !== undefined) return;
      const [poorest] = this.sessions.toSorted((one, other) => one.size - other.size);
      this.#give(lane, poorest);
    });
  }

  #give(lane: number, session: ModelSession | undefined): void {
    this.owners[lane] = session;
    if (session === undefined) return;
    for (const stored of this.lanes[lane]!) stored.holder = undefined;
    const isKept = this.traits.settle !== "none";
    session.own(lane, isKept ? this.committed(lane) : this.lanes[lane]!.length);
    this.wake();
  }
}
