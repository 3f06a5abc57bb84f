/**
 * Lanes: other threads feed a flow bus, whoever has started them. The thread of the bus calls
 * {@linkcode share} and sends what it gets by `postMessage`; the others call {@linkcode attach}
 * with it, and emit through memory that the threads share.
 *
 * ```ts
 * import { forFlow } from "@beat/beat";
 * import { attach, share } from "@beat/beat/lanes";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forFlow<{ "row.read": { id: number } }>({ batchSize: 2 });
 * const ids: number[] = [];
 * bus.onBatch("row.read", (rows) => void ids.push(...rows.map((row) => row.data.id)));
 * // Here in the same thread; elsewhere `handle` comes with a message.
 * const handle = share(bus);
 * const producer = attach<{ "row.read": { id: number } }>(handle);
 * producer.emit("row.read", { id: 1 });
 * producer.emit("row.read", { id: 2 });
 * await bus.drain();
 * assertEquals(ids, [1, 2]);
 * ```
 *
 * @module
 */

import { BusClosedError, UnsupportedError } from "../core/errors.ts";
import { checkOptions } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { countLeaving, createLanes, joinLanes, LANES_OPEN, takeLane } from "../ring/lane.ts";
import { HEADER_STATE } from "../ring/layout.ts";
import { isBrowser, isDeno } from "../runtime/runtime_name.ts";
import { FLOW_ENGINES } from "./flow.ts";
import { LaneFeed } from "./lane_feed.ts";
import { LaneHost } from "./lane_host.ts";
import {
  ATTACH_RULES,
  type AttachOptions,
  completeShareOptions,
  type ShareOptions,
} from "./lane_options.ts";
import { LanesTakenError } from "./lanes_taken_error.ts";
import { LaneProducer } from "./producer.ts";
import type { BusCapabilities } from "../core/contracts.ts";
import type { FlowBus } from "../core/flow_contracts.ts";
import type { FlowEngine } from "./flow_engine.ts";
import type { OpenEventMap } from "../core/event.ts";

export { LanesTakenError };
export type { AttachOptions, ShareOptions };

/** What other threads attach with: plain data, which `postMessage` carries. */
export interface LaneHandle {
  /** The lanes. */
  readonly memory: SharedArrayBuffer;
  /** See {@linkcode ShareOptions.overflow}. */
  readonly overflow: NonNullable<ShareOptions["overflow"]>;
  /** See {@linkcode ShareOptions.blockTimeout}. */
  readonly blockTimeout: number;
  /** Whether `share` was given a `valueCodec`. */
  readonly hasCodec: boolean;
}

/**
 * What feeds a flow bus from another thread. Its events keep their order; between those of two
 * producers there is none.
 *
 * @typeParam M The event map of the bus.
 */
export interface Producer<M extends object = OpenEventMap>
  extends Pick<FlowBus<M>, "emit" | "emitBatch" | "enqueue"> {
  /** Whether it takes nothing new: it, or the bus, is closed or drains. */
  readonly closed: boolean;
  /** Gives the lane back. What was emitted is handled all the same. */
  close(): void;
  /** Same as `close`, for `using`. */
  [Symbol.dispose](): void;
}

/** The lanes that this thread reads, by their memory. */
const hosts = new WeakMap<SharedArrayBuffer, LaneHost>();

/**
 * Makes lanes into a flow bus, for as many producers in other threads. A bus may be shared several
 * times: each handle has lanes of its own.
 *
 * @typeParam M The event map.
 * @param bus A bus of `forFlow` of this thread.
 * @param options How many lanes there are, how large, and what a full one does.
 * @returns What other threads give to {@linkcode attach}.
 * @throws {TypeError} If it is no flow bus, or an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range, or all lanes together are too large.
 * @throws {BusClosedError} If the bus is closed.
 * @throws {UnsupportedError} If the runtime shares no memory between threads.
 *
 * @example Letting a thread of one's own feed a bus
 * ```ts ignore
 * import { forFlow } from "@beat/beat";
 * import { share } from "@beat/beat/lanes";
 *
 * const bus = forFlow({ stages: [(events) => console.log(events.length)] });
 * const reader = new Worker(new URL("./reader.ts", import.meta.url), { type: "module" });
 * reader.postMessage(share(bus, { producers: 1 }));
 * ```
 */
export function share<M extends object>(bus: FlowBus<M>, options: ShareOptions = {}): LaneHandle {
  const engine = FLOW_ENGINES.get(bus);
  if (engine === undefined) refuseBus(bus);
  const limit = engine.sender && engine.sender.outbox.maxFrame * 4;
  const { producers, capacity, overflow, blockTimeout } = completeShareOptions(options, limit);
  if (bus.closed) throw new BusClosedError("share the bus");
  checkMemory("share the bus");
  const lanes = createLanes(producers, capacity);
  const host = new LaneHost(engine, lanes, options);
  feedOf(engine).add(host);
  const memory = lanes.cells.words.buffer as unknown as SharedArrayBuffer;
  hosts.set(memory, host);
  return { memory, overflow, blockTimeout, hasCodec: options.valueCodec !== undefined };
}

/**
 * Takes a lane into a flow bus, which this thread alone writes until the producer is closed or the
 * thread ends by itself. In the thread of the bus a full lane is never waited for but by `enqueue`.
 *
 * @typeParam M The event map of the bus.
 * @param handle What {@linkcode share} has given, in whatever thread.
 * @param options What must be as in the options of `share`.
 * @returns What emits into the bus.
 * @throws {TypeError} If `handle` is none, or an option is unknown or of a wrong type.
 * @throws {LanesTakenError} If all lanes are taken. One that was given back is until it is read.
 * @throws {BusClosedError} If the bus is closed.
 *
 * @example Feeding a bus from a thread
 * ```ts ignore
 * import { attach } from "@beat/beat/lanes";
 *
 * globalThis.onmessage = ({ data }) => {
 *   const producer = attach<{ "row.read": { id: number } }>(data);
 *   for (let id = 0; id < 1_000; id++) producer.emit("row.read", { id });
 *   producer.close();
 * };
 * ```
 */
export function attach<M extends object = OpenEventMap>(
  handle: LaneHandle,
  options: AttachOptions = {},
): Producer<M> {
  const action = "attach to the bus";
  checkMemory(action);
  const isHandle = (handle as Partial<LaneHandle> | undefined)?.memory instanceof SharedArrayBuffer;
  const lanes = isHandle ? joinLanes(handle.memory) : undefined;
  if (lanes === undefined) {
    refuse(action, "handle", "what 'share' of this version has given", handle);
  }
  checkOptions(action, options, ATTACH_RULES);
  const { memory, overflow, blockTimeout, hasCodec } = handle;
  if (hasCodec !== (options.valueCodec !== undefined)) {
    throw new TypeError(`Cannot ${action} as 'valueCodec' must be given to 'share' and 'attach'`);
  }
  if (lanes.cells.load(HEADER_STATE) !== LANES_OPEN) throw new BusClosedError(action);
  const lane = takeLane(lanes);
  if (lane === 0) {
    throw new LanesTakenError(action, lanes.layout.threads, countLeaving(lanes));
  }
  const home = hosts.get(memory);
  const producer = new LaneProducer(lanes, lane, { overflow, blockTimeout, ...options, home });
  return producer as unknown as Producer<M>;
}

/**
 * Takes the lanes of a handle from threads that are certainly gone, so that others can attach:
 * after `await worker.terminate()` on Bun or Node. A thread that ends by itself gives its lane
 * back. What was emitted is handled in any case.
 *
 * @param handle What {@linkcode share} has given, in the thread of the bus. All who have attached
 * with it must be gone: give a thread that may be terminated a handle of its own.
 * @returns How many lanes that were: on Deno and in browsers always 0, as a terminated thread may
 * go on there.
 * @throws {TypeError} If `handle` is not one of this thread.
 *
 * @example Replacing a thread that was terminated
 * ```ts ignore
 * import { forFlow } from "@beat/beat";
 * import { reclaim, share } from "@beat/beat/lanes";
 * import { Worker } from "node:worker_threads";
 *
 * const handle = share(forFlow(), { producers: 1 });
 * const first = new Worker("./reader.ts", { workerData: handle });
 * await first.terminate();
 * reclaim(handle);
 * const second = new Worker("./reader.ts", { workerData: handle });
 * ```
 */
export function reclaim(handle: LaneHandle): number {
  const host = hosts.get(handle?.memory);
  if (host === undefined) {
    refuse("reclaim lanes", "handle", "what 'share' has given in this thread", handle);
  }
  return isDeno() || isBrowser() ? 0 : host.reclaim();
}

/** All lanes of a bus, which has none yet when it is first shared. */
function feedOf(engine: FlowEngine): LaneFeed {
  const { feed, core: { ledger } } = engine;
  if (feed instanceof LaneFeed) return feed;
  const books = ledger.remote;
  return engine.feed = ledger.remote = new LaneFeed(feed && books && { feed, books });
}

/** @throws {TypeError} As it is no flow bus. */
function refuseBus(bus: { capabilities?: BusCapabilities } | undefined): never {
  refuse("share the bus", "bus", "a flow bus", bus?.capabilities?.engine ?? bus);
}

function checkMemory(action: string): void {
  if (typeof SharedArrayBuffer !== "undefined") return;
  throw new UnsupportedError(
    action,
    "there is no shared memory: a page must be cross-origin isolated",
  );
}
