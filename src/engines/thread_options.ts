import { BUS_RULES } from "../core/bus_core.ts";
import { UnsupportedError } from "../core/errors.ts";
import {
  ANYTHING,
  BOOLEAN,
  checkOptions,
  choice,
  DURATION,
  integer,
  integerWithin,
  powerOfTwo,
} from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { RINGS_LIMIT } from "../ring/layout.ts";
import { canWaitAsync } from "../runtime/shared_cells.ts";
import { printFailedDrops } from "./report_drops.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { BatchSettings } from "./flow_options.ts";
import type { Rule, Rules } from "../options/options.ts";

/** Options of an async bus whose handlers run in threads. */
export interface ThreadOptions extends BusOptions {
  /**
   * The module that every thread runs, which calls `serve` of `@beat/beat/worker`; or a function
   * that starts a thread with such a module, for bundlers, which look for `new Worker(…)`.
   */
  handlers: URL | (() => unknown);
  /**
   * How many threads run the module, up to 511. It never changes, as keys belong to threads.
   *
   * @default {one less than the processor has, at least 1, and as many at most as rings have room}
   */
  threads?: number;
  /**
   * What starts the threads: a Web `Worker` or `node:worker_threads`.
   *
   * @default {"web-worker" where there is one}
   */
  driver?: "web-worker" | "worker_threads";
  /**
   * Bytes of each ring, a power of two: there is one for each ordered pair of threads. An event
   * takes at most a quarter of it.
   *
   * @default {262144}
   */
  capacity?: number;
  /**
   * What an emit does that finds a ring full. `"block"` waits for `blockTimeout`; inside a handler,
   * where two threads might wait for each other, and where threads share no memory, it throws a
   * {@linkcode QueueFullError} at once, as `"error"` does everywhere.
   *
   * @default {"block"}
   */
  overflow?: "block" | "error" | "drop-newest";
  /**
   * How long an emit waits for room, in milliseconds.
   *
   * @default {1000}
   */
  blockTimeout?: number;
  /**
   * How many events may have promises of their handlers pending at a time, in each thread.
   *
   * @default {1 in a started thread, 256 in the thread of the bus}
   */
  concurrency?: number;
  /**
   * How data becomes bytes and data again. Threads need the same: see `serve`.
   *
   * @default {bytes as they are, text as UTF-8, all else as JSON}
   */
  valueCodec?: ValueCodec;
  /**
   * How a thread sleeps. `"async"` lets its event loop go on; `"block"` wakes sooner, and starves
   * the timers and the I/O of the thread's own. Where threads share no memory it is `"async"`.
   *
   * @default {"async"}
   */
  park?: "async" | "block";
  /**
   * Whether the open bus holds the process alive. Without it the process lives while a delivery is
   * open; on Deno it lives in any case, as a Web `Worker` there holds it.
   *
   * @default {false}
   */
  keepAlive?: boolean;
  /**
   * How many threads may die of one event before it is given up: at most 32 767.
   *
   * @default {1}
   */
  maxCrashes?: number;
  /**
   * How often a thread is started anew that dies before it serves.
   *
   * @default {5}
   */
  maxRestarts?: number;
  /**
   * How long a thread that is to be replaced may take to stop by itself, in milliseconds.
   *
   * @default {1000}
   */
  stopTimeout?: number;
  /**
   * Replaces a thread that has shown no life for this time, in milliseconds: it has begun no event,
   * called no handler and run no timer. It must be longer than any handler computes without a pause.
   *
   * @default {Infinity}
   */
  stallTimeout?: number;
}

const ACTION = "create an async bus";

/** What encodes and decodes. */
export const CODEC_RULE: Rule = [
  "an object with 'encode' and 'decode'",
  "object",
  (codec: Partial<ValueCodec> | null) =>
    typeof codec?.encode === "function" && typeof codec.decode === "function",
];

/** Bytes of a ring, unless told otherwise. */
const CAPACITY = 262_144;

/** How many bytes a ring may have. */
export const RING_CAPACITY: Rule = powerOfTwo(1024, 2 ** 28);

/** How many threads there can be with rings of so many bytes, as all rings together are bounded. */
export function mostThreads(capacity: number = CAPACITY): number {
  return Math.floor(Math.sqrt(RINGS_LIMIT / capacity + 1)) - 1;
}

/** @throws {TypeError} If it is no module for threads. */
export function checkHandlers(action: string, handlers: unknown): void {
  if (handlers instanceof URL || typeof handlers === "function") return;
  refuse(action, "handlers", "a URL or a function", handlers);
}

/** The rules of {@linkcode ThreadOptions}. */
export const THREAD_RULES: Rules = {
  ...BUS_RULES,
  handlers: ANYTHING,
  // With more the smallest rings would come to more than `RINGS_LIMIT`.
  threads: integerWithin(1, 511),
  driver: choice("web-worker", "worker_threads"),
  capacity: RING_CAPACITY,
  overflow: choice("block", "error", "drop-newest"),
  blockTimeout: DURATION,
  concurrency: integer(1),
  valueCodec: CODEC_RULE,
  park: choice("async", "block"),
  keepAlive: BOOLEAN,
  // A frame counts no more.
  maxCrashes: integerWithin(1, 32_767),
  maxRestarts: integer(0),
  stopTimeout: DURATION,
  stallTimeout: DURATION,
};

/** Whether threads can share memory here, and sleep until another one changes it. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && canWaitAsync();
}

/** The options with their defaults. */
export type FullThreadOptions =
  & BusOptions
  & Required<Pick<ThreadOptions, "handlers">>
  & Omit<Required<ThreadOptions>, "driver" | "concurrency" | "valueCodec" | keyof BusOptions>
  & Pick<ThreadOptions, "driver" | "concurrency" | "valueCodec">
  & { flow?: BatchSettings };

/** The options where nobody may wait without the event loop, as no message would come then. */
export function withoutWaiting(options: FullThreadOptions): FullThreadOptions {
  const overflow = options.overflow === "block" ? "error" : options.overflow;
  return { ...options, overflow, park: "async" };
}

/** Checks the options and fills them up. */
export function completeOptions(
  options: ThreadOptions,
  action = ACTION,
  rules = THREAD_RULES,
): FullThreadOptions {
  const { handlers, ...rest } = options;
  if ((rest as { overflow?: string }).overflow === "drop-oldest") {
    throw new UnsupportedError(
      `${action} with 'overflow' "drop-oldest"`,
      "the oldest event of a ring belongs to another thread",
    );
  }
  checkOptions(action, rest, rules);
  checkHandlers(action, handlers);
  const full = {
    threads: Math.max(
      1,
      Math.min(mostThreads(rest.capacity), (globalThis.navigator?.hardwareConcurrency ?? 2) - 1),
    ),
    capacity: CAPACITY,
    overflow: "block",
    blockTimeout: 1_000,
    park: "async",
    keepAlive: false,
    maxCrashes: 1,
    maxRestarts: 5,
    stopTimeout: 1_000,
    stallTimeout: Infinity,
    onDrop: printFailedDrops(),
    ...defined(rest),
    handlers,
  } as FullThreadOptions;
  const { threads, capacity } = full;
  const most = mostThreads(capacity);
  if (threads > most) {
    const must = `at most ${most} with rings of ${capacity} bytes`;
    refuse(action, "threads", must, threads, RangeError);
  }
  return full;
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
