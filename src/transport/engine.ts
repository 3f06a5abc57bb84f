import type { CloseOptions } from "../message/contracts.ts";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import { checkOptions, DURATION } from "../options/options.ts";
import type { ConnectionEvent, LaneLag } from "./capabilities.ts";
import type { ConsumePlan } from "./consume_options.ts";
import type { ConsumeStats } from "./counters.ts";
import { CLOSE_TIMEOUT, Deadline, GRACE } from "./deadline.ts";
import { Feed } from "./feed.ts";
import { Handling } from "./handling.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { Holdings } from "./holdings.ts";
import { inTime } from "./in_time.ts";
import { Intake } from "./intake.ts";
import { KillSwitch } from "./kill_switch.ts";
import { LetterPost } from "./letter_post.ts";
import type { Delivery, Host, Lane, Source, Traits, Transport } from "./port.ts";
import type { Procedure } from "./procedure.ts";
import { SourceHost } from "./source_host.ts";

/** What a consumption consists of: ties the parts together, and leads them through its life. */
export class Engine implements Host {
  readonly #transport: Transport;
  readonly #plan: ConsumePlan;
  readonly #holdings: Holdings;
  readonly #handling: Handling;
  readonly #intake: Intake;
  readonly #feed: Feed;
  readonly #switch: KillSwitch | undefined;
  readonly #deadline = new Deadline();
  readonly #ended = Promise.withResolvers<void>();
  readonly #ending = Promise.withResolvers<void>();
  readonly closing: Promise<void> = this.#ending.promise;
  #traits: Traits;
  #host: SourceHost | undefined;
  #attached = false;
  #opened: Promise<void> = Promise.resolve();
  #stopHeartbeat: () => void = () => {};
  #paused = false;
  #closing: Promise<void> | undefined;
  #overdue = false;

  constructor(transport: Transport, procedure: Procedure, plan: ConsumePlan) {
    this.#transport = transport;
    this.#traits = transport.traits;
    this.#plan = plan;
    const { hooks } = plan;
    const advance = () => this.#intake.advance();
    this.#holdings = new Holdings({
      settleError: (error) => hooks.onSettleError(error),
      relieved: advance,
    });
    const letters = plan.deadLetter && new LetterPost(plan.deadLetter, {
      topic: plan.topic,
      transfer: () => this.#transfer(),
      stalled: (stall) => hooks.onStall(stall),
    });
    this.#handling = new Handling(plan, procedure, this.#holdings, letters, {
      transport: transport.name,
      offsetOf: (delivery) => this.#feed.source?.offset?.(delivery) ?? "",
      holdsDelays: () => this.#holdsDelays(),
      isEnding: (lane) => this.#isEnding(lane),
      handled: (failed) => this.#switch?.count(failed),
      progress: advance,
    });
    this.#intake = new Intake(this.#holdings, this.#handling, {
      prefetch: plan.spec.prefetch,
      isIdle: () => this.#handling.workers.isIdle,
      wake: () => this.#feed.wake(),
      interrupt: () => this.#feed.interrupt(),
      stalled: (stall) => hooks.onStall({ ...stall, topic: plan.topic }),
    });
    this.#switch = plan.pauseOn && new KillSwitch(plan.pauseOn, (tripped) => {
      hooks.onPause(tripped);
      this.#update();
      this.#feed.interrupt();
      advance();
    });
    this.#feed = new Feed({
      connect: () => this.#connect(),
      room: () => this.#intake.wanted,
      paused: (lane) => this.#intake.isPaused(lane),
      take: (deliveries) => this.#intake.take(deliveries),
      attach: (source) => this.#attach(source),
      detach: (cause) => this.#detach(cause),
      event: (event) => hooks.onConnection(event),
      gaveUp: (cause) => this.#giveUp(cause),
    }, plan.reconnect);
    // Nobody need ask how it ended.
    this.#ended.promise.catch(() => {});
  }

  get closed(): Promise<void> {
    return this.#ended.promise;
  }

  get prefetch(): number {
    return this.#plan.spec.prefetch;
  }

  async open(): Promise<void> {
    const { signal, topic } = this.#plan;
    const abort = () => void this.close().catch(() => {});
    try {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", abort, { once: true });
      const opened = this.#feed.open();
      this.#opened = opened.catch(() => {});
      await opened;
    } catch (error) {
      signal?.removeEventListener("abort", abort);
      this.#ended.resolve();
      throw error;
    }
    this.#ended.promise.finally(() => signal?.removeEventListener("abort", abort)).catch(() => {});
    if (this.#closing === undefined) return;
    await this.#closing;
    throw signal?.aborted
      ? signal.reason
      : new ClosedError(`subscribe to '${topic}'`, "subscription");
  }

  stats(): ConsumeStats {
    const { counters, unsettled } = this.#holdings;
    return { ...counters, inFlight: unsettled, running: this.#handling.workers.running };
  }

  demand(calls: number): void {
    this.#handling.workers.allow(calls);
    this.#intake.advance();
  }

  pause(): void {
    this.#paused = true;
    this.#update();
    this.#feed.interrupt();
  }

  resume(): void {
    this.#paused = false;
    this.#update();
    this.#intake.advance();
  }

  async lag(): Promise<readonly LaneLag[]> {
    return await this.#feed.source?.lag?.() ?? [];
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions("close the subscription", options, { timeout: DURATION });
    this.#deadline.set(options.timeout ?? CLOSE_TIMEOUT);
    if (this.#closing === undefined) {
      // Set before the work begins: what is going on sees that the end has come.
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      this.#ending.resolve();
      this.#update();
      this.#close().then(resolve, reject);
    }
    await this.#closing;
  }

  // What sources call.

  admit(delivery: Delivery): void | Promise<void> {
    this.#feed.thrive();
    return this.#intake.admit(delivery);
  }

  offer(delivery: Delivery): boolean {
    this.#feed.thrive();
    return this.#intake.offer(delivery);
  }

  async revoke(lane: Lane, within: number): Promise<void> {
    await this.#intake.revoke(lane, within);
  }

  lost(lane: Lane, cause?: unknown): void {
    this.#intake.forget(lane, cause);
  }

  end(): void {
    const { progress, admissions } = this.#intake;
    const isSettled = () => this.#holdings.unsettled === 0 && admissions.size === 0;
    // A source may have nothing at all: that is no reason for not having been opened.
    progress.until(isSettled).then(() => this.#opened).then(() => this.close()).catch(() => {});
  }

  event(event: ConnectionEvent): void {
    this.#plan.hooks.onConnection(event);
    if (event.kind === "failed") this.#feed.fail(event.cause);
    // What could not be told need not wait for its next turn: leases run on meanwhile.
    if (event.kind === "recovered") void this.#holdings.flush();
  }

  // What the feed calls.

  async #connect(): Promise<Source> {
    this.#host?.leave();
    this.#host = new SourceHost(this);
    return await this.#transport.source(this.#plan.spec, this.#host);
  }

  #attach(source: Source): void {
    this.#traits = { ...this.#transport.traits, ...source.traits };
    this.#holdings.attach(source, this.#traits.settle);
    this.#stopHeartbeat = startHeartbeat(source, this.#traits.lease, {
      held: () => [...this.#holdings.held(), ...this.#intake.admissions.deliveries],
      lost: (deliveries) => {
        const cause = new Error("The broker gave it to another consumer");
        this.#intake.loseSome(new Set(deliveries), cause);
      },
      failed: (error) => this.#plan.hooks.onSettleError(error),
    });
    this.#attached = true;
    this.#update();
    this.#intake.advance();
  }

  /** What came from a lost source belongs to whoever the broker gives it to next. */
  #detach(cause: unknown): void {
    this.#attached = false;
    this.#update();
    this.#host!.leave();
    this.#stopHeartbeat();
    this.#holdings.detach();
    this.#intake.lose(() => true, cause);
    this.#handling.detach();
  }

  #giveUp(cause: unknown): void {
    this.#ended.reject(cause);
    this.close().catch(() => {});
  }

  // What the parts ask.

  /** To be called when something has changed on which it depends whether anything may come in. */
  #update(): void {
    const isClosing = this.#intake.isClosing = this.#closing !== undefined;
    this.#intake.isOpen = this.#attached && !isClosing && !this.#paused &&
      this.#switch?.tripped !== true;
  }

  /** Where order must hold, or nobody else counts attempts, a message waits in its place. */
  #holdsDelays(): boolean {
    const { requeue, settle, counts } = this.#traits;
    return requeue === "engine" || settle !== "each" || !counts ||
      this.#plan.keyOf !== undefined || this.#feed.source?.requeue === undefined;
  }

  /**
   * Whether what was taken is handled at the end: there is nobody to give it back to. Where each message
   * must be asked for, nobody asks any more, and it is lost and counted.
   */
  #handlesRest(): boolean {
    return this.#traits.settle === "none" && this.#plan.workers > 0;
  }

  /** Whether nothing of a lane may begin. */
  #isEnding(lane: Lane): boolean {
    if (this.#closing === undefined) return this.#intake.isRevoking(lane);
    return this.#overdue || !this.#handlesRest();
  }

  /** Only what is acked one by one can be acked by publishing. */
  #transfer(): Source["transfer"] {
    const { source } = this.#feed;
    if (this.#traits.settle !== "each" || source?.transfer === undefined) return undefined;
    return (delivery, topic, rec) => source.transfer!(delivery, topic, rec);
  }

  // The end.

  async #close(): Promise<void> {
    this.#switch?.stop();
    const quiet = Promise.all([this.#feed.stop(), this.#stopSource()]);
    if (this.#handlesRest()) {
      if (this.#attached) this.#intake.takeRest();
      this.#handling.flush();
    } else this.#intake.giveBack(() => true);
    const { progress } = this.#intake;
    const isIdle = () => this.#isIdle();
    let dropped = 0;
    if (!await this.#deadline.holds(progress.until(isIdle))) {
      dropped = this.#dropIdle();
      this.#stopRunning();
      await inTime(progress.until(isIdle), GRACE);
    }
    const flushed = quiet.then(() => {
      this.#intake.giveBack(() => true);
      return this.#holdings.flush();
    });
    const isFlushed = await this.#deadline.nearlyHolds(flushed);
    this.#stopHeartbeat();
    const undelivered = isFlushed ? 0 : this.#holdings.undelivered;
    const remaining = dropped + this.#abandon() + undelivered;
    this.#holdings.detach();
    await this.#leave();
    this.#ended.resolve();
    if (remaining > 0) {
      const what = `subscription of '${this.#plan.spec.topic}'`;
      throw new CloseTimeoutError(what, this.#deadline.timeout, remaining);
    }
  }

  async #stopSource(): Promise<void> {
    try {
      await this.#feed.source?.stop?.();
    } catch (error) {
      this.#plan.hooks.onSettleError(error);
    }
  }

  #isIdle(): boolean {
    const { workers, attempts } = this.#handling;
    if (workers.running > 0 || attempts.burying > 0) return false;
    return !this.#handlesRest() || this.#overdue || this.#holdings.unsettled === 0;
  }

  /** Nothing begins any more, even where there is nobody to give it back to; returns how much is lost by that. */
  #dropIdle(): number {
    const { counters } = this.#holdings;
    const before = counters.lost;
    this.#overdue = true;
    this.#intake.giveBack(() => true);
    return counters.lost - before;
  }

  #stopRunning(): void {
    const reason = new ClosedError("go on", "subscription");
    const running = this.#holdings.slots.where(({ phase }) => phase === "running");
    for (const slot of running) slot.stop(reason);
  }

  /** What still runs is somebody else's from now on; returns how much of it is not settled. */
  #abandon(): number {
    const rest = this.#holdings.slots.where((slot) => !slot.settled);
    for (const slot of rest) slot.lose(new ClosedError("settle a message", "subscription"));
    return rest.length;
  }

  async #leave(): Promise<void> {
    const close = async () => await this.#feed.source?.close();
    const closed = close().catch((error) => this.#plan.hooks.onSettleError(error));
    await this.#deadline.nearlyHolds(closed);
    this.#host?.leave();
    this.#deadline.end();
  }
}
