import { createSyncBus } from "../engines/sync.ts";
import type { SyncBus, Topic } from "../core/contracts.ts";
import type { OnceOptions, SubscribeOptions, Subscription } from "../core/subscription.ts";
import type { BusEvent, EventInput, Handler, OpenEventMap } from "../core/event.ts";
import type { BusStats } from "../core/stats.ts";

let shared: SyncBus<OpenEventMap> | undefined;

/**
 * The bus behind the package-level functions: a sync bus, made at the first use.
 *
 * @returns Always the same bus.
 *
 * @example The same bus as `on` and `emit` use
 * ```ts
 * import { defaultBus, on } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const before = defaultBus().stats().subscriptions;
 * on("ping", () => {});
 * assertEquals(defaultBus().stats().subscriptions, before + 1);
 * ```
 */
export function defaultBus(): SyncBus<OpenEventMap> {
  return shared ??= createSyncBus();
}

/**
 * Subscribes to the {@linkcode defaultBus}; see `Bus.on`.
 *
 * @param pattern What to listen to.
 * @param handler What to call.
 * @param options When the subscription ends.
 * @returns The subscription.
 *
 * @example Without making a bus
 * ```ts
 * import { emit, on } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: unknown[] = [];
 * on("greeting.*", (event) => seen.push(event.data));
 * emit("greeting.morning", "hello");
 * assertEquals(seen, ["hello"]);
 * ```
 */
export function on(pattern: string, handler: Handler, options?: SubscribeOptions): Subscription {
  return defaultBus().on(pattern, handler, options);
}

/**
 * Waits for the next matching event of the {@linkcode defaultBus}; see `Bus.once`.
 *
 * @example The next event
 * ```ts
 * import { emit, once } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const next = once("door.*");
 * emit("door.opened", "front");
 * assertEquals((await next).data, "front");
 * ```
 */
export function once(pattern: string, options?: OnceOptions): Promise<BusEvent> {
  return defaultBus().once(pattern, options);
}

/**
 * Ends a subscription of the {@linkcode defaultBus}; says whether it was live.
 *
 * @example Once and no more
 * ```ts
 * import { off, on } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const subscription = on("tick", () => {});
 * assertEquals([off(subscription), off(subscription)], [true, false]);
 * ```
 */
export function off(subscription: Subscription): boolean {
  return defaultBus().off(subscription);
}

/**
 * Emits on the {@linkcode defaultBus}; see `Bus.emit`.
 *
 * @example A type and its data
 * ```ts
 * import { emit, on } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: unknown[] = [];
 * on("order.paid", ({ data }) => seen.push(data));
 * emit("order.paid", 12.5);
 * emit({ type: "order.paid", data: 7, key: "customer-7" });
 * assertEquals(seen, [12.5, 7]);
 * ```
 */
export function emit(type: string, data?: unknown): void;
/** Emits an event object on the {@linkcode defaultBus}. */
export function emit(event: EventInput<OpenEventMap>): void;
export function emit(input: string | EventInput<OpenEventMap>, data?: unknown): void {
  defaultBus().emit(input as string, data);
}

/**
 * Emits on the {@linkcode defaultBus} without error isolation; see `Bus.unsafeEmit`.
 *
 * @example The first error ends it
 * ```ts
 * import { on, unsafeEmit } from "@beat/beat";
 * import { assertThrows } from "@std/assert";
 *
 * on("reading.bad", () => {
 *   throw new Error("no number");
 * });
 * assertThrows(() => unsafeEmit("reading.bad", NaN), Error, "no number");
 * ```
 */
export function unsafeEmit(type: string, data?: unknown): void;
/** Emits an event object on the {@linkcode defaultBus} without error isolation. */
export function unsafeEmit(event: EventInput<OpenEventMap>): void;
export function unsafeEmit(input: string | EventInput<OpenEventMap>, data?: unknown): void {
  defaultBus().unsafeEmit(input as string, data);
}

/**
 * Emits several events on the {@linkcode defaultBus}; see `Bus.emitBatch`.
 *
 * @example Two at once
 * ```ts
 * import { emitBatch, on } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * on("row.*", ({ type }) => seen.push(type));
 * emitBatch([{ type: "row.added", data: 1 }, { type: "row.removed", data: 2 }]);
 * assertEquals(seen, ["row.added", "row.removed"]);
 * ```
 */
export function emitBatch(events: readonly EventInput<OpenEventMap>[]): void {
  defaultBus().emitBatch(events);
}

/**
 * A handle for one event type of the {@linkcode defaultBus}; see `Bus.topic`.
 *
 * @example A type that is emitted often
 * ```ts
 * import { on, topic } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * let sum = 0;
 * on("sample", ({ data }) => sum += data as number);
 * const sample = topic("sample");
 * for (const value of [1, 2, 3]) sample.emit(value);
 * assertEquals(sum, 6);
 * ```
 */
export function topic(type: string): Topic {
  return defaultBus().topic(type);
}

/**
 * Counts of the {@linkcode defaultBus}; see `Bus.stats`.
 *
 * @example Deliveries so far
 * ```ts
 * import { emit, on, stats } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * on("visit", () => {});
 * const { processed } = stats();
 * emit("visit");
 * assertEquals(stats().processed, processed + 1);
 * ```
 */
export function stats(): BusStats {
  return defaultBus().stats();
}
