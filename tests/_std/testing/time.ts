/**
 * Typed stand-in for `@std/testing/time`: a clock that only moves when told.
 *
 * The asynchronous steps also let pending promises settle before the first timer,
 * between two timers and after the last one.
 *
 * @module
 */

import { TimerQueue } from "./_timer_queue.ts";

/** Thrown when a clock is faked twice or restored twice. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

type TimerGlobals = Record<
  "Date" | "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval",
  unknown
>;

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};
const realAbortTimeout = AbortSignal.timeout;

let active: FakeTime | undefined;

/** Replaces `Date`, `setTimeout`, `setInterval` and `AbortSignal.timeout` until restored. */
export class FakeTime {
  readonly #queue: TimerQueue;
  #start: number;

  constructor(start?: number | string | Date | null) {
    if (active !== undefined) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    this.#start = start === undefined || start === null
      ? real.Date.now()
      : new real.Date(start).getTime();
    if (Number.isNaN(this.#start)) throw new TimeError("Cannot construct FakeTime: invalid start");
    this.#queue = new TimerQueue(this.#start);
    active = this;
    Object.assign(globalThis as unknown as TimerGlobals, {
      Date: fakeDate(() => this.#queue.now),
      ...this.#queue.functions(),
    });
    AbortSignal.timeout = (ms) => this.#abortAfter(ms);
  }

  /** Puts the real clock of the active instance back. */
  static restore(): void {
    if (active === undefined) throw new TimeError("Cannot restore time: it is not faked");
    active.restore();
  }

  /** Milliseconds since the epoch by this clock; setting it runs the timers that fall due. */
  get now(): number {
    return this.#queue.now;
  }

  set now(value: number) {
    if (value < this.#queue.now) throw new RangeError("Cannot set time in the past");
    while (this.#queue.runNext(value));
    this.#queue.now = value;
  }

  /** The time at which this clock was started. */
  get start(): number {
    return this.#start;
  }

  /** Waits for `ms` milliseconds of real time. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => void real.setTimeout.call(globalThis, resolve, ms));
  }

  /** Lets all pending promises settle. */
  runMicrotasks(): Promise<void> {
    return this.delay(0);
  }

  /** Moves the clock by `ms` and runs the timers that fall due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Like {@linkcode FakeTime.tick}, letting promises settle before, between and after timers. */
  async tickAsync(ms = 0): Promise<void> {
    const target = this.now + ms;
    await this.runMicrotasks();
    while (this.#queue.runNext(target)) await this.runMicrotasks();
    this.now = Math.max(target, this.now);
  }

  /** Moves the clock to the next timer and runs it; `false` if there is none. */
  next(): boolean {
    return this.#queue.runNext(Infinity);
  }

  /** Like {@linkcode FakeTime.next}, letting promises settle before and after. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    const ran = this.next();
    await this.runMicrotasks();
    return ran;
  }

  /** Runs timers until none is left. */
  runAll(): void {
    while (this.next());
  }

  /** Like {@linkcode FakeTime.runAll}, letting promises settle before, between and after timers. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Puts the real clock back. */
  restore(): void {
    if (active !== this) throw new TimeError("Cannot restore time: it is already restored");
    active = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realAbortTimeout;
  }

  /** Puts the real clock back, if it is not already. */
  [Symbol.dispose](): void {
    if (active === this) this.restore();
  }

  #abortAfter(ms: number): AbortSignal {
    const controller = new AbortController();
    this.#queue.add(
      () => controller.abort(new DOMException("Signal timed out.", "TimeoutError")),
      ms,
    );
    return controller.signal;
  }
}

function fakeDate(now: () => number): DateConstructor {
  return new Proxy(real.Date, {
    apply: () => new real.Date(now()).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
  });
}
