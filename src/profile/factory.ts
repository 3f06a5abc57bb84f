import { BOOLEAN, check, checkObject, copyOptions } from "../options/options.ts";
import { createAsyncBus } from "../engines/async.ts";
import { createFlowBus } from "../engines/flow.ts";
import { createFlowThreadBus } from "../engines/flow_threads.ts";
import { createSyncBus } from "../engines/sync.ts";
import { createThreadBus } from "../engines/threads.ts";
import type { AsyncBus, SyncBus } from "../core/contracts.ts";
import type { FlowBus } from "../core/flow_contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { AsyncOptions } from "../engines/async.ts";
import type { FlowOptions } from "../engines/flow.ts";
import type { FlowThreadOptions } from "../engines/flow_threads.ts";
import type { SyncOptions } from "../engines/sync.ts";
import type { ThreadOptions } from "../engines/threads.ts";

/** Options of `forSync` and `createBus` for a bus that calls its handlers inside `emit`. */
export interface DirectOptions extends SyncOptions {
  /** Must be left out or `false` here. */
  deferred?: false;
}

/** Options of `forSync` and `createBus` for a bus that queues its events in the same thread. */
export interface DeferredOptions extends AsyncOptions {
  /** Makes `emit` return before the handlers run. */
  deferred: true;
}

/** Options of `createBus` for a bus that takes batches of events through stages. */
export interface StagedOptions<M extends object = OpenEventMap> extends FlowOptions<M> {
  /** What a batch goes through before its handlers are called; it may be empty. */
  stages: NonNullable<FlowOptions<M>["stages"]>;
}

/**
 * Creates a bus that calls its handlers inside `emit`, so that the caller gets their errors. With
 * `deferred` it queues the events and handles them in a microtask: the same bus as `forAsync()`.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param options What to do about errors; with `deferred` also the bounds of the queue.
 * @returns The bus.
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 *
 * @example A typed bus
 * ```ts
 * import { forSync } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * interface Events {
 *   "user.created": { name: string };
 *   "user.deleted": { name: string };
 * }
 * const names: string[] = [];
 * const bus = forSync<Events>();
 * bus.on("user.*", (event) => names.push(event.data.name));
 * bus.emit("user.created", { name: "Ada" });
 * assertEquals(names, ["Ada"]);
 * ```
 */
export function forSync<M extends object = OpenEventMap>(options: DeferredOptions): AsyncBus<M>;
/** Creates a bus that calls its handlers inside `emit`. */
export function forSync<M extends object = OpenEventMap>(options?: DirectOptions): SyncBus<M>;
export function forSync<M extends object>(
  options: DirectOptions | DeferredOptions = {},
): SyncBus<M> | AsyncBus<M> {
  const { deferred = false, ...rest } = copyOptions("create a sync bus", options);
  check("create a sync bus", "deferred", deferred, BOOLEAN);
  return deferred ? createAsyncBus<M>(rest) : createSyncBus<M>(rest);
}

/**
 * Creates a bus that queues its events and handles them in a microtask, in their order; it lets
 * the event loop have a turn every 1 024 events. Handlers may overlap where they return promises.
 * With `handlers` threads run that module, and each event goes to one of them as well; see
 * {@linkcode ThreadOptions} and `docs/threads.md`.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param options The bounds of the queue, and what to do about errors.
 * @returns The bus.
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 * @throws {UnsupportedError} If a bus with threads is to drop the oldest event.
 *
 * @example Emitting without waiting
 * ```ts
 * import { forAsync } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forAsync<{ "job.done": number }>();
 * const done: number[] = [];
 * bus.on("job.done", (event) => done.push(event.data));
 * bus.emit("job.done", 1);
 * assertEquals(done, []);
 * await bus.drain();
 * assertEquals(done, [1]);
 * ```
 */
export function forAsync<M extends object = OpenEventMap>(options: ThreadOptions): AsyncBus<M>;
/** Creates a bus that queues its events and handles them in a microtask. */
export function forAsync<M extends object = OpenEventMap>(options?: AsyncOptions): AsyncBus<M>;
export function forAsync<M extends object>(
  options: AsyncOptions | ThreadOptions = {},
): AsyncBus<M> {
  const copy = copyOptions("create an async bus", options);
  if ("handlers" in copy || "threads" in copy) return createThreadBus<M>(copy as ThreadOptions);
  return createAsyncBus<M>(copy);
}

/**
 * Creates a bus that collects events in batches, takes each batch through stages, and then calls
 * the handlers. A batch leaves when it has `batchSize` events, or when its first one is
 * `batchTimeout` old. With `handlers` all that happens in threads that run that module, which names
 * the stages; see {@linkcode FlowThreadOptions} and `docs/threads.md`.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param options The stages, when a batch leaves, and what to do about errors.
 * @returns The bus.
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 * @throws {UnsupportedError} If a bus with threads is to drop the oldest event.
 *
 * @example Parsing in a stage, storing batch by batch
 * ```ts
 * import { forFlow } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forFlow<{ line: string }>({
 *   stages: [(events) => events.filter((event) => event.data !== "")],
 *   batchSize: 100,
 * });
 * const stored: string[][] = [];
 * bus.onBatch("line", (events) => stored.push(events.map((event) => event.data)));
 * for (const line of ["a", "", "b"]) bus.emit("line", line);
 * await bus.flush();
 * assertEquals(stored, [["a", "b"]]);
 * await bus.drain();
 * ```
 */
export function forFlow<M extends object = OpenEventMap>(
  options: FlowOptions<NoInfer<M>> | FlowThreadOptions<NoInfer<M>> = {},
): FlowBus<M> {
  const copy = copyOptions("create a flow bus", options);
  if ("handlers" in copy || "threads" in copy) {
    return createFlowThreadBus<M>(copy as FlowThreadOptions<NoInfer<M>>);
  }
  return createFlowBus<M>(copy as FlowOptions<NoInfer<M>>);
}

/**
 * Creates a bus. The options alone decide its kind: a sync bus, with `deferred` an async one, with
 * `stages` a flow bus, with `handlers` an async one whose handlers run in threads.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param options What the bus is to do.
 * @returns The bus.
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 * @throws {UnsupportedError} If a bus with threads is to drop the oldest event.
 *
 * @example The default: handlers run inside `emit`
 * ```ts
 * import { createBus } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = createBus();
 * let handled = 0;
 * bus.on("ping", () => handled++);
 * bus.emit("ping");
 * assertEquals(handled, 1);
 * ```
 */
export function createBus<M extends object = OpenEventMap>(options: DeferredOptions): AsyncBus<M>;
/** Creates a bus that takes batches of events through stages. */
export function createBus<M extends object = OpenEventMap>(
  options: StagedOptions<NoInfer<M>>,
): FlowBus<M>;
/** Creates a bus whose handlers run in threads. */
export function createBus<M extends object = OpenEventMap>(options: ThreadOptions): AsyncBus<M>;
/** Creates a bus that calls its handlers inside `emit`. */
export function createBus<M extends object = OpenEventMap>(options?: DirectOptions): SyncBus<M>;
export function createBus<M extends object>(
  options: DirectOptions | DeferredOptions | StagedOptions<NoInfer<M>> | ThreadOptions = {},
): SyncBus<M> | AsyncBus<M> | FlowBus<M> {
  checkObject("create a bus", options);
  if ("stages" in options) return forFlow(options);
  if ("handlers" in options || "threads" in options) return forAsync<M>(options as ThreadOptions);
  return forSync<M>(options as DeferredOptions);
}
