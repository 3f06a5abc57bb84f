import type { CloseOptions } from "../message/contracts.ts";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import { check, DURATION } from "../options/options.ts";
import type { ConnectionEvent, LaneLag } from "./capabilities.ts";
import { type ConsumeOptions, type ConsumePlan, planConsumption } from "./consume_options.ts";
import type { ConsumeStats } from "./counters.ts";
import { Feed } from "./feed.ts";
import { type Consumer, Handling } from "./handling.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { Holdings } from "./holdings.ts";
import { KillSwitch } from "./kill_switch.ts";
import { LetterPost } from "./letter_post.ts";
import type { Delivery, Host, Lane, Source, Traits, Transport } from "./port.ts";
import { after } from "./timer.ts";

/** A topic that is being consumed. */
export interface Consumption {
  /** Resolves when it is closed; rejects when it gave up reconnecting. */
  readonly closed: Promise<void>;
  /** What it has done so far. */
  stats(): ConsumeStats;
  /** Fetches nothing until {@linkcode Consumption.resume}. */
  pause(): void;
  /** Goes on fetching. */
  resume(): void;
  /** How far behind it is, where the broker can tell. */
  lag(): Promise<readonly LaneLag[]>;
  /**
   * Gives back what no handler has, waits for what runs, flushes acks, leaves. Every call gets the same
   * promise.
   *
   * @throws {CloseTimeoutError} If handlers still run at the deadline; it is closed all the same.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** A topic that is consumed as fast as somebody asks. */
export interface DemandedConsumption extends Consumption {
  /** Lets so many more calls of the consumer run at once; a negative number takes them back. */
  demand(calls: number): void;
}

const CLOSE_TIMEOUT = 30_000;
const GRACE = 1_000;
/** Slots of a lane behind its oldest unsettled one, as a multiple of `prefetch`, and at least. */
const LANE_WINDOW = 4;
const SMALLEST_LANE_WINDOW = 256;

/**
 * Consumes a topic: the one engine behind every way of consuming. It owns credit, order, batches,
 * retries, dead letters, acks, leases, reconnecting and the end; the transport only fetches and acks.
 *
 * @throws {TypeError | RangeError} If an option is malformed, or the transport cannot keep what was asked for.
 *
 * @internal
 */
export async function consume(
  transport: Transport,
  consumer: Consumer,
  options: ConsumeOptions,
): Promise<Consumption> {
  return await open(transport, consumer, planConsumption(options, transport.traits));
}

/**
 * Consumes a topic for somebody who asks for each message: the consumer is called as often as
 * {@linkcode DemandedConsumption.demand} allows, and what nobody asked for stays in the engine.
 *
 * @throws {TypeError | RangeError} If an option is malformed, or the transport cannot keep what was asked for.
 */
export async function consumeOnDemand(
  transport: Transport,
  consumer: Consumer,
  options: Omit<ConsumeOptions, "workers" | "batch">,
): Promise<DemandedConsumption> {
  const plan = planConsumption(options, transport.traits);
  return await open(transport, consumer, { ...plan, workers: 0 });
}

async function open(
  transport: Transport,
  consumer: Consumer,
  plan: ConsumePlan,
): Promise<DemandedConsumption> {
  plan.signal?.throwIfAborted();
  const engine = new Engine(transport, consumer, plan);
  await engine.open();
  return engine;
}

/** A delivery that waits for room, and what lets its source go on. */
interface Admission {
  readonly delivery: Delivery;
  readonly done: () => void;
}

class Engine implements DemandedConsumption, Host {
  readonly #transport: Transport;
  readonly #plan: ConsumePlan;
  readonly #holdings: Holdings;
  readonly #handling: Handling;
  readonly #letters: LetterPost | undefined;
  readonly #feed: Feed;
  readonly #switch: KillSwitch | undefined;
  readonly #revoking = new Set<Lane>();
  readonly #admissions: Admission[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #ended = Promise.withResolvers<void>();
  #traits: Traits;
  #stopHeartbeat: () => void = () => {};
  #paused = false;
  #closing: Promise<void> | undefined;

  constructor(transport: Transport, consumer: Consumer, plan: ConsumePlan) {
    this.#transport = transport;
    this.#traits = transport.traits;
    this.#plan = plan;
    this.#holdings = new Holdings((error) => plan.hooks.onSettleError(error));
    this.#letters = plan.deadLetter && new LetterPost(plan.deadLetter, {
      topic: plan.topic,
      source: () => this.#feed.source,
      stalled: (stall) => plan.hooks.onStall(stall),
    });
    this.#handling = new Handling(plan, consumer, this.#holdings, this.#letters, {
      transport: transport.name,
      offsetOf: (delivery) => this.#feed.source?.offset?.(delivery) ?? "",
      holdsDelays: () => this.#holdsDelays(),
      isClosing: () => this.#givesBack(),
      isEnding: (lane) => this.#revoking.has(lane) || this.#givesBack(),
      handled: (failed) => this.#switch?.count(failed),
      progress: () => this.#progress(),
    });
    this.#switch = plan.pauseOn && new KillSwitch(plan.pauseOn, (tripped) => {
      plan.hooks.onPause(tripped);
      this.#feed.interrupt();
      this.#progress();
    });
    this.#feed = new Feed({
      connect: () => transport.source(plan.spec, this),
      room: () => this.#room(),
      paused: (lane) => this.#isFull(lane),
      take: (deliveries) => this.#take(deliveries),
      attach: (source) => this.#attach(source),
      detach: (cause) => this.#detach(cause),
      event: (event) => plan.hooks.onConnection(event),
      gaveUp: (cause) => this.#giveUp(cause),
    }, plan.reconnect);
    // Nobody need ask how it ended.
    this.#ended.promise.catch(() => {});
  }

  get closed(): Promise<void> {
    return this.#ended.promise;
  }

  async open(): Promise<void> {
    const { signal } = this.#plan;
    const abort = () => void this.close().catch(() => {});
    signal?.addEventListener("abort", abort, { once: true });
    this.#ended.promise.finally(() => signal?.removeEventListener("abort", abort)).catch(() => {});
    try {
      await this.#feed.open();
    } catch (error) {
      this.#ended.resolve();
      throw error;
    }
    if (this.#closing !== undefined) {
      await this.#closing;
      throw signal?.aborted ? signal.reason : new ClosedError("subscribe", "consumption");
    }
  }

  stats(): ConsumeStats {
    const { counters, unsettled } = this.#holdings;
    return { ...counters, inFlight: unsettled, running: this.#handling.workers.running };
  }

  demand(calls: number): void {
    this.#handling.workers.allow(calls);
  }

  pause(): void {
    this.#paused = true;
    this.#feed.interrupt();
  }

  resume(): void {
    this.#paused = false;
    this.#progress();
  }

  async lag(): Promise<readonly LaneLag[]> {
    return await this.#feed.source?.lag?.() ?? [];
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { timeout = CLOSE_TIMEOUT } = options;
    check("close a subscription", "timeout", timeout, DURATION);
    if (this.#closing === undefined) {
      // Set before the work begins: what is going on sees that the end has come.
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      this.#close(timeout).then(resolve, reject);
    }
    return this.#closing;
  }

  // What sources call.

  admit(delivery: Delivery): void | Promise<void> {
    this.#feed.thrive();
    if (this.#closing !== undefined) {
      this.#holdings.giveBack(delivery);
    } else if (this.#admissions.length === 0 && this.#room() > 0) this.#handling.take(delivery);
    else return new Promise((done) => this.#admissions.push({ delivery, done }));
  }

  offer(delivery: Delivery): boolean {
    if (this.#room() <= 0 || this.#admissions.length > 0) return false;
    this.#feed.thrive();
    this.#handling.take(delivery);
    return true;
  }

  async revoke(lane: Lane, within: number): Promise<void> {
    this.#revoking.add(lane);
    this.#giveBack((delivery) => delivery.lane === lane);
    const isIdle = () =>
      this.#holdings.slots.where((slot) => slot.delivery.lane === lane).length === 0;
    const flushed = this.#when(isIdle).then(() => this.#holdings.flush());
    await inTime(flushed, within);
    this.lost(lane, new Error(`Lane '${lane.name}' was given to another consumer`));
  }

  lost(lane: Lane, cause?: unknown): void {
    lane.fenced = true;
    this.#lose((delivery) => delivery.lane === lane, cause);
    this.#holdings.forget(lane);
    this.#revoking.delete(lane);
    this.#progress();
  }

  end(): void {
    const isSettled = () => this.#holdings.unsettled === 0 && this.#admissions.length === 0;
    this.#when(isSettled).then(() => this.close()).catch(() => {});
  }

  event(event: ConnectionEvent): void {
    this.#plan.hooks.onConnection(event);
    if (event.kind === "failed") this.#feed.fail(event.cause);
  }

  // What the feed calls.

  #room(): number {
    if (this.#closing !== undefined || this.#paused || this.#switch?.tripped) return 0;
    return this.#plan.spec.prefetch - this.#holdings.unsettled;
  }

  /** Whether a lane gets nothing now: it is being given away, or too much waits for its oldest slot. */
  #isFull(lane: Lane): boolean {
    const window = Math.max(LANE_WINDOW * this.#plan.spec.prefetch, SMALLEST_LANE_WINDOW);
    return this.#revoking.has(lane) || this.#holdings.backlogOf(lane) >= window;
  }

  #take(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (this.#closing !== undefined) {
        this.#holdings.giveBack(delivery);
      } else if (!delivery.lane.fenced) this.#handling.take(delivery);
    }
  }

  #attach(source: Source): void {
    this.#traits = { ...this.#transport.traits, ...source.traits };
    this.#holdings.attach(source, this.#traits.settle);
    this.#stopHeartbeat = startHeartbeat(source, this.#traits.lease, {
      held: () => [...this.#holdings.held(), ...this.#admissions.map(({ delivery }) => delivery)],
      lost: (deliveries) => {
        const gone = new Set(deliveries);
        this.#lose((delivery) => gone.has(delivery), "the broker gave it to another consumer");
      },
      failed: (error) => this.#plan.hooks.onSettleError(error),
    });
  }

  /** What came from a lost source belongs to whoever the broker gives it to next. */
  #detach(cause: unknown): void {
    this.#stopHeartbeat();
    this.#holdings.detach();
    for (const { done } of this.#admissions.splice(0)) done();
    this.#lose(() => true, cause);
  }

  #giveUp(cause: unknown): void {
    this.#ended.reject(cause);
    this.close().catch(() => {});
  }

  // What happens inside.

  /** Where order must hold, or nobody else counts attempts, a message waits in its place. */
  #holdsDelays(): boolean {
    return this.#traits.requeue === "engine" || this.#plan.keyOf !== undefined ||
      !this.#traits.counts;
  }

  /** Whether the end has begun; where there is nobody to give anything back to, work goes on. */
  #givesBack(): boolean {
    return this.#closing !== undefined && !this.#handlesRest();
  }

  /**
   * Whether what was taken is handled at the end: there is nobody to give it back to. Where each message
   * must be asked for, nobody asks any more, and it is lost and counted.
   */
  #handlesRest(): boolean {
    return this.#traits.settle === "none" && this.#plan.workers > 0;
  }

  /** A place is free, or a handler has ended. */
  #progress(): void {
    while (this.#admissions.length > 0 && this.#room() > 0) {
      const { delivery, done } = this.#admissions.shift()!;
      this.#handling.take(delivery);
      done();
    }
    if (this.#room() > 0) this.#feed.wake();
    for (const watch of this.#watchers) watch();
  }

  /** Gives back what no handler has. */
  #giveBack(holds: (delivery: Delivery) => boolean): void {
    for (const { delivery, done } of this.#takeAdmissions(holds)) {
      this.#holdings.giveBack(delivery);
      done();
    }
    const idle = this.#holdings.slots.where(({ phase, delivery, cancel }) => {
      return holds(delivery) &&
        (phase === "queued" || (phase === "waiting" && cancel !== undefined));
    });
    for (const slot of idle) this.#handling.attempts.giveBack(slot);
    this.#handling.sweep();
  }

  #takeAdmissions(holds: (delivery: Delivery) => boolean): Admission[] {
    const taken = this.#admissions.filter(({ delivery }) => holds(delivery));
    const left = this.#admissions.filter(({ delivery }) => !holds(delivery));
    this.#admissions.splice(0, Infinity, ...left);
    return taken;
  }

  /** Lets go of what is somebody else's; running handlers are asked to stop. */
  #lose(holds: (delivery: Delivery) => boolean, cause: unknown): void {
    for (const slot of this.#holdings.slots.where(({ delivery }) => holds(delivery))) {
      slot.lose(cause);
      if (slot.phase !== "running") this.#handling.attempts.lose(slot);
    }
    this.#handling.sweep();
  }

  async #close(timeout: number): Promise<void> {
    this.#switch?.stop();
    const fetched = this.#feed.stop();
    if (!this.#handlesRest()) this.#giveBack(() => true);
    const isIdle = () => this.#isIdle();
    if (!await inTime(this.#when(isIdle), timeout)) {
      const reason = new ClosedError("go on", "subscription");
      for (const slot of this.#holdings.slots.where(({ phase }) => phase === "running")) {
        slot.interrupt(reason);
      }
      await inTime(this.#when(isIdle), GRACE);
    }
    await inTime(Promise.all([fetched, this.#holdings.flush()]), GRACE);
    this.#stopHeartbeat();
    const rest = this.#holdings.slots.where((slot) => !slot.settled);
    for (const slot of rest) slot.lose(new ClosedError("settle a message", "subscription"));
    this.#holdings.detach();
    await this.#leave(Math.max(timeout, GRACE));
    this.#ended.resolve();
    if (rest.length > 0) throw new CloseTimeoutError("subscription", timeout, rest.length);
  }

  async #leave(within: number): Promise<void> {
    const left = this.#feed.source?.close().catch((error) => this.#plan.hooks.onSettleError(error));
    if (left !== undefined) await inTime(left, within);
  }

  #isIdle(): boolean {
    const { workers } = this.#handling;
    if (workers.running > 0 || (this.#letters?.sending ?? 0) > 0) return false;
    return !this.#handlesRest() || this.#holdings.unsettled === 0;
  }

  /** Resolves as soon as something holds, looked at whenever there is progress. */
  #when(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!holds()) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }
}

/** Whether a promise resolves within so many milliseconds. */
function inTime(promise: Promise<unknown>, within: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = after(within, () => resolve(false));
    promise.then(() => {
      cancel();
      resolve(true);
    });
  });
}
