import { checkObject } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { BATCH_RULES } from "./flow_options.ts";
import { completeOptions, type FullThreadOptions, THREAD_RULES } from "./thread_options.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { OpenEventMap, TypesOf } from "../core/event.ts";
import type { ThreadOptions } from "./thread_options.ts";
import type { Rules } from "../options/options.ts";

/**
 * Options of a flow bus whose stages and handlers run in threads. The module names the stages, by
 * the `stages` of the bus that `serve` gives it.
 *
 * @typeParam M The event map.
 */
export interface FlowThreadOptions<M extends object = OpenEventMap>
  extends Omit<ThreadOptions, "concurrency"> {
  /** Must be left out here: the module of the threads names them. */
  stages?: never;
  /**
   * How many events a batch has at most: with so many it leaves at once. It also does when the
   * events of a ring that wait in batches take half of the ring.
   *
   * @default {256}
   */
  batchSize?: number;
  /**
   * How long a batch waits at most for further events, in milliseconds from when its thread has
   * taken the first one. With 0 it leaves in the next microtask, with `Infinity` only when it is
   * full or flushed.
   *
   * @default {100}
   */
  batchTimeout?: number;
  /**
   * How many batches can be in their stages and handlers at a time, a multiple of `threads`: each
   * shard takes one, and lives in one thread. Events with the same `key` come to the same shard,
   * those without to the one of their type.
   *
   * @default {the number of threads}
   */
  shards?: number;
  /**
   * Exact types whose events without a `key` go to all threads in turn: they are handled sooner,
   * and in no order.
   *
   * @default {[]}
   */
  spread?: readonly TypesOf<M>[];
  /**
   * Receives every failure of a handler, and one call for a stage that fails. What it throws
   * itself is printed. Of a batch that fails in a thread it gets as many events as find room in half
   * a ring.
   *
   * @default {console.error, for the first failure of each pattern and of each stage}
   */
  onError?: (error: unknown, context: FlowErrorContext) => void;
}

const { concurrency: _concurrency, ...OTHER_RULES } = THREAD_RULES;

const RULES: Rules = { ...OTHER_RULES, ...BATCH_RULES };

/** Checks the options and fills them up. */
export function completeFlowOptions(
  options: FlowThreadOptions,
): FullThreadOptions & Required<Pick<FullThreadOptions, "flow">> {
  const action = "create a flow bus";
  checkObject(action, options);
  if ("stages" in options) {
    refuse(action, "stages", "left out beside 'handlers'", options.stages);
  }
  const full = completeOptions(options as ThreadOptions, action, RULES);
  const { batchSize = 256, batchTimeout = 100, shards = full.threads, spread = [] } = options;
  if (shards % full.threads > 0) {
    const must = `a multiple of 'threads', ${full.threads}`;
    refuse(action, "shards", must, shards, RangeError);
  }
  const flow = { batchSize, batchTimeout, shards: shards / full.threads, spread: [...spread] };
  return { ...full, flow };
}
