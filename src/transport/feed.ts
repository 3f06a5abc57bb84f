import { ClosedError } from "../message/errors.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import type { ConnectionEvent } from "./capabilities.ts";
import { inTime } from "./in_time.ts";
import type { Delivery, Lane, Source } from "./port.ts";
import type { Reconnect } from "./reconnect.ts";
import { after } from "./timer.ts";

/** What a feed asks of the consumption, and tells it. */
export interface FeedHooks {
  /** Subscribes anew, at the position that the broker knows. */
  connect(): Promise<Source>;
  /** How many deliveries may come now. */
  room(): number;
  /** Which lanes get nothing now. */
  paused(lane: Lane): boolean;
  /** Takes what was fetched. */
  take(deliveries: readonly Delivery[]): void;
  /** A source is there. */
  attach(source: Source): void;
  /** The source is of no use any more; what came from it is somebody else's. */
  detach(cause: unknown): void;
  /** Something happened to the connection. */
  event(event: ConnectionEvent): void;
  /** No source can be had any more. */
  gaveUp(cause: unknown): void;
}

/** Deliveries after which timers and I/O get a turn, however fast the broker is. */
const BURST = 1_024;

/** Milliseconds that the end of a lost source may take before the next one is made. */
const CLOSE_LIMIT = 5_000;

/** Milliseconds for which a source that gave nothing must have been there at least to count as let in. */
const SHORTEST_STAY = 1_000;

/**
 * The only loop in the house that fetches: it waits for room, asks the source for as much, hands it
 * over, and makes a new source when one is lost.
 */
export class Feed {
  readonly #hooks: FeedHooks;
  readonly #reconnect: Reconnect;
  #source: Source | undefined;
  #stopped = false;
  #interruption = new AbortController();
  #wake: (() => void) | undefined;
  /** Ends what is waited for outside of a fetch. */
  #abandon: (() => void) | undefined;
  #failure: { cause: unknown } | undefined;
  #ended: Promise<void> = Promise.resolve();
  /** Attempts to connect, and waits between them, since a source last was of use. */
  #attempts = 0;
  #waits = 0;
  /** When the source was connected, by `performance.now()`. */
  #connectedAt: number | undefined;

  constructor(hooks: FeedHooks, reconnect: Reconnect) {
    this.#hooks = hooks;
    this.#reconnect = reconnect;
  }

  get source(): Source | undefined {
    return this.#source;
  }

  /**
   * Resolves when the first source is live, or the feed was stopped before. A broker that is down is
   * waited for; a refusal of what was asked for is passed on.
   */
  async open(): Promise<void> {
    const source = await this.#connect(isRefusal);
    if (source !== undefined) this.#ended = this.#run(source);
  }

  /** There is room again: whoever waits looks again. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Ends a fetch that waits under conditions which no longer hold. */
  interrupt(): void {
    this.#interruption.abort();
    this.#interruption = new AbortController();
    this.wake();
  }

  /** The source gave something: the next loss is a first one. */
  thrive(): void {
    this.#attempts = this.#waits = 0;
  }

  /** The source reported that it is of no use any more. */
  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.interrupt();
  }

  /** Fetches nothing more. Resolves when no fetch is in flight. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#abandon?.();
    this.interrupt();
    return this.#ended;
  }

  async #run(first: Source): Promise<void> {
    let source: Source | undefined = first;
    while (source !== undefined) {
      const cause = await this.#consume(source);
      if (this.#stopped) return;
      this.#source = undefined;
      this.#hooks.detach(cause);
      this.#hooks.event({ kind: "lost", at: Date.now(), cause });
      await this.#unlessStopped(inTime(closeQuietly(source), CLOSE_LIMIT));
      if (this.#stopped) return;
      // Who was connected for longer than any delay was not let in only to be thrown out again: to begin
      // anew asks no more often than going on would. Without delays that would be as fast as it can.
      const stay = performance.now() - this.#connectedAt!;
      if (stay >= Math.max(this.#reconnect.maxDelay, SHORTEST_STAY)) this.thrive();
      try {
        await this.#backOff(cause);
        source = await this.#connect(() => false);
      } catch (error) {
        this.#hooks.event({ kind: "failed", at: Date.now(), cause: error });
        this.#hooks.gaveUp(error);
        return;
      }
    }
  }

  /** Resolves with why the source is of no use any more, or when the feed was stopped. */
  async #consume(source: Source): Promise<unknown> {
    const paused = (lane: Lane) => this.#hooks.paused(lane);
    let taken = 0;
    while (!this.#stopped && this.#failure === undefined) {
      const room = this.#hooks.room();
      if (room <= 0 || source.fetch === undefined) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      const { signal } = this.#interruption;
      let deliveries: readonly Delivery[];
      try {
        deliveries = await source.fetch(room, paused, signal);
      } catch (cause) {
        // A fetch that was interrupted may say so by rejecting.
        if (signal.aborted) continue;
        return cause;
      }
      this.thrive();
      this.#hooks.take(deliveries);
      taken += Math.max(deliveries.length, 1);
      if (taken >= BURST) {
        taken = 0;
        await new Promise<void>(scheduleMacrotask);
      }
    }
    return this.#failure?.cause;
  }

  /** Tries until there is a source or the feed is stopped; throws what is final, and at the last attempt. */
  async #connect(isFinal: (error: unknown) => boolean): Promise<Source | undefined> {
    while (!this.#stopped) {
      this.#failure = undefined;
      this.#attempts++;
      let source: Source | undefined;
      try {
        source = await this.#connectUnlessStopped();
      } catch (cause) {
        if (isFinal(cause) || cause instanceof ClosedError) throw cause;
        this.#hooks.event({ kind: "lost", at: Date.now(), cause });
        await this.#backOff(cause);
        continue;
      }
      if (source === undefined) break;
      this.#source = source;
      this.#hooks.attach(source);
      const kind = this.#connectedAt === undefined ? "connected" : "recovered";
      this.#connectedAt = performance.now();
      this.#hooks.event({ kind, at: Date.now() });
      return source;
    }
    return undefined;
  }

  /** A source that comes when nobody wants it any more is closed. */
  async #connectUnlessStopped(): Promise<Source | undefined> {
    const connecting = this.#hooks.connect();
    const source = await this.#unlessStopped(connecting);
    if (!this.#stopped) return source;
    connecting.then(closeQuietly).catch(() => {});
    return undefined;
  }

  /** Waits before the next attempt to connect; throws the cause if there is none. */
  async #backOff(cause: unknown): Promise<void> {
    if (this.#attempts >= this.#reconnect.maxAttempts) throw cause;
    let cancel = () => {};
    await this.#unlessStopped(
      new Promise<void>((resolve) => {
        cancel = after(this.#reconnect.delay(++this.#waits), resolve);
      }),
    );
    cancel();
  }

  /** Settles as a promise does, or with `undefined` as soon as the feed is stopped. */
  #unlessStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => resolve(undefined);
      promise.then(resolve, reject);
      if (this.#stopped) resolve(undefined);
    });
  }
}

async function closeQuietly(source: Source): Promise<void> {
  try {
    await source.close();
  } catch {
    // It was of no use already.
  }
}

/** Whether a broker, or its adapter, will say the same again: a malformed or impossible wish. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError ||
    (error instanceof Error && error.name === "UnsupportedError");
}
