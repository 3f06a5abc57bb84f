import type { Message } from "../message/message.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { Bell } from "../transport/bell.ts";
import type {
  Delivery,
  Host,
  Lane,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "../transport/port.ts";
import { inTime } from "./watch.ts";

/** Deliveries of one fetch at most, and those that a source may have beside. */
export const ROOM = 16;

/** Milliseconds between two looks at what was pushed; what comes is looked at when it comes. */
const LOOK = 1_000;

/** Milliseconds for which a lane is drained that is taken away. */
const DRAINING = 20;

const END = "The end of a source";

/** How a hand fetches. */
export interface FetchOptions {
  /** Lanes that are left out. @default {none} */
  paused?: (lane: Lane) => boolean;
  /** Whether what comes is acked at once. @default {false} */
  settles?: boolean;
}

/** Stands in the place of the engine, and has a source do what a test says, call by call. */
export class Hand implements Host {
  /** All deliveries, in their order. */
  readonly deliveries: Delivery[] = [];
  /** Those of them that were fetched, not pushed. */
  readonly fetched: Delivery[] = [];
  /** Deliveries of lanes that the source had taken away. */
  readonly late: Delivery[] = [];
  readonly #transport: Transport;
  readonly #spec: SourceSpec;
  readonly #deadline: number;
  readonly #bell = new Bell();
  readonly #leaving = new AbortController();
  /** Lanes that were taken away. */
  readonly #gone = new Set<Lane>();
  #tap: Source | undefined;
  /** How many deliveries a test has taken, and how many are settled. */
  #taken = 0;
  #settled = 0;

  /** What takes longer than `deadline` milliseconds fails. */
  constructor(transport: Transport, spec: SourceSpec, deadline: number) {
    this.#transport = transport;
    this.#spec = spec;
    this.#deadline = deadline;
  }

  /** The source that it works; there is none before {@linkcode Hand.subscribe}. */
  get tap(): Source {
    return this.#tap!;
  }

  /** Whether the source is asked for deliveries; else it pushes them. */
  get pulls(): boolean {
    return this.tap.fetch !== undefined;
  }

  /** The ids of what came, in their order. */
  get ids(): string[] {
    return this.deliveries.map(({ rec }) => rec.id);
  }

  /** What the source can do. */
  get traits(): Traits {
    return { ...this.#transport.traits, ...this.tap.traits };
  }

  /** Has a source made. */
  async subscribe(): Promise<void> {
    const making = this.#transport.source(this.#spec, this);
    this.#tap = await inTime(making, this.#deadline, `Subscribing to '${this.#spec.topic}'`);
  }

  /** Has the source made anew for the same subscription, as if its connection had been lost meanwhile. */
  async renew(meanwhile: () => Promise<unknown>): Promise<void> {
    const ending = Promise.resolve(this.tap.stop?.()).then(() => this.tap.close());
    await inTime(ending, this.#deadline, END);
    await meanwhile();
    await this.subscribe();
  }

  /** Resolves with so many deliveries beyond those that were taken before. */
  async take(count: number): Promise<readonly Delivery[]> {
    const first = this.#taken;
    this.#taken += count;
    const taking = this.#until(() => this.deliveries.length >= this.#taken);
    await inTime(taking, this.#deadline, `Delivery number ${this.#taken}`);
    return this.deliveries.slice(first, this.#taken);
  }

  /** Resolves when each of the messages came at least once. */
  async gets(messages: readonly Message[], options: FetchOptions = {}): Promise<void> {
    const isAll = () => {
      const ids = new Set(this.ids);
      return messages.every(({ uuid }) => ids.has(uuid));
    };
    const what = `The delivery of ${messages.length} messages`;
    await inTime(this.#until(isAll, options), this.#deadline, what);
  }

  /** Fetches as long as something takes, then aborts that; resolves with the milliseconds until it ended. */
  async idle(meanwhile: () => Promise<unknown>, options: FetchOptions = {}): Promise<number> {
    const abort = new AbortController();
    const fetching = this.#until(() => abort.signal.aborted, { ...options, signal: abort.signal });
    fetching.catch(() => {});
    await meanwhile();
    const began = performance.now();
    abort.abort();
    await inTime(fetching, this.#deadline, "The end of a fetch whose signal has aborted");
    return performance.now() - began;
  }

  /** Acks deliveries, which came one after the other, as the engine would. */
  async settle(deliveries: readonly Delivery[]): Promise<void> {
    this.#settled += deliveries.length;
    const { settle } = this.traits;
    if (settle === "none" || deliveries.length === 0) return;
    const lasts = new Map(deliveries.map((delivery) => [delivery.lane, delivery]));
    const acking = this.tap.ack(settle === "each" ? deliveries : [...lasts.values()]);
    await inTime(acking, this.#deadline, "An ack");
  }

  /** Its connection ends, for brokers that go by that. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await inTime(Promise.resolve(this.#tap?.close()), this.#deadline, END);
  }

  admit(delivery: Delivery): void {
    this.#add([delivery]);
    this.#bell.ring();
  }

  offer(delivery: Delivery): boolean {
    this.admit(delivery);
    return true;
  }

  /** Nothing more of the lane may come from the first moment; what comes to an end takes its time. */
  async revoke(lane: Lane, within: number): Promise<void> {
    this.#gone.add(lane);
    const drained = new Bell();
    await drained.wait(drained.rings, Math.min(DRAINING, within), this.#leaving.signal);
    this.lost(lane);
  }

  lost(lane: Lane): void {
    lane.fenced = true;
    this.#gone.add(lane);
  }

  end(): void {}

  event(): void {}

  #add(deliveries: readonly Delivery[]): void {
    this.deliveries.push(...deliveries);
    this.late.push(...deliveries.filter(({ lane }) => this.#gone.has(lane)));
  }

  async #until(
    holds: () => boolean,
    { paused = () => false, settles = false, signal }: FetchOptions & { signal?: AbortSignal } = {},
  ): Promise<void> {
    const leaving = this.#leaving.signal;
    const ending = signal === undefined ? leaving : AbortSignal.any([leaving, signal]);
    while (!holds() && !ending.aborted) {
      await this.#fetch(paused, ending);
      if (settles) await this.settle(this.deliveries.slice(this.#settled));
    }
  }

  async #fetch(paused: (lane: Lane) => boolean, signal: AbortSignal): Promise<void> {
    if (!this.pulls) return await this.#bell.wait(this.#bell.rings, LOOK, signal);
    try {
      // As the engine has it: what is taken away gets nothing more.
      const isPaused = (lane: Lane) => this.#gone.has(lane) || paused(lane);
      const deliveries = await this.tap.fetch!(ROOM, isPaused, signal);
      this.#add(deliveries);
      this.fetched.push(...deliveries);
    } catch (error) {
      // A fetch that was interrupted may say so by rejecting.
      if (!signal.aborted) throw error;
    }
    // A fetch may come back with nothing, after a while or at once: others get their turn.
    await new Promise<void>(scheduleMacrotask);
  }
}
