import { ASYNC_RULES, CAPACITY } from "./async_options.ts";
import { BUS_RULES } from "../core/bus_core.ts";
import { checkOptions, DURATION, integer, integerWithin } from "../options/options.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { AnyEvent, BusEvent, OpenEventMap, TypesOf } from "../core/event.ts";
import type { AsyncOptions } from "./async_options.ts";
import type { Rule, Rules } from "../options/options.ts";

/**
 * A step that every batch goes through. It gets the events of a batch in an array that is its own,
 * and returns the array that goes on: other events, fewer or more. Returning nothing lets the same
 * array go on, changed or not.
 *
 * @typeParam E The events of the bus.
 */
export type Stage<E = BusEvent> = (events: E[]) => E[] | void | PromiseLike<E[] | void>;

/**
 * Options of a bus that takes batches of events through stages.
 *
 * @typeParam M The event map.
 */
export interface FlowOptions<M extends object = OpenEventMap> extends BusOptions {
  /**
   * What a batch goes through before its handlers are called, in this order. One that throws or
   * rejects ends its batch, and each event that it was given counts as failed.
   *
   * @default {[]}
   */
  stages?: readonly Stage<AnyEvent<M>>[];
  /**
   * How many events a batch has at most: with so many it leaves at once.
   *
   * @default {256, or `capacity` if that is less}
   */
  batchSize?: number;
  /**
   * How long a batch waits at most for further events, in milliseconds from its first one. With 0
   * it leaves in the next microtask, with `Infinity` only when it is full or flushed.
   *
   * @default {100}
   */
  batchTimeout?: number;
  /**
   * How many batches can be in their stages and handlers at a time: each shard takes one. Events
   * with the same `key` come to the same shard, those without to the one of their type.
   *
   * @default {1}
   */
  shards?: number;
  /**
   * Exact types whose events without a `key` go to all shards in turn: they are handled sooner,
   * and in no order.
   *
   * @default {[]}
   */
  spread?: readonly TypesOf<M>[];
  /**
   * How many events may wait in a shard, a power of two.
   *
   * @default {65536}
   */
  capacity?: number;
  /**
   * What an emit does that finds its shard full. `"block"` takes waiting batches through the
   * stages itself until there is room, and throws a {@linkcode QueueFullError} where that cannot
   * be: inside a handler or a stage, or while the shard waits for a promise. `"error"` throws it at
   * once. The others drop an event, count it and tell `onDrop`.
   *
   * @default {"block"}
   */
  overflow?: NonNullable<AsyncOptions["overflow"]>;
  /** Must be left out here: see {@linkcode FlowThreadOptions}. */
  handlers?: never;
  /** Must be left out here: see {@linkcode FlowThreadOptions}. */
  threads?: never;
  /**
   * Receives every failure of a handler, and one call for a stage that fails. What it throws
   * itself is printed.
   *
   * @default {console.error, for the first failure of each subscription and of each stage}
   */
  onError?: (error: unknown, context: FlowErrorContext) => void;
}

/** When batches leave, and the shards that they belong to, where these live in threads. */
export interface BatchSettings {
  batchSize: number;
  batchTimeout: number;
  /** How many shards each thread has. */
  shards: number;
  spread: readonly string[];
}

/** More shards than that gain nothing in one thread, and each has a queue. */
const MAX_SHARDS = 1_024;

/** The rule of `stages`. */
export const STAGES: Rule = [
  "an array of functions",
  "object",
  (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === "function"),
];

/** The rules of what all flow buses have, with threads and without. */
export const BATCH_RULES: Rules = {
  batchSize: integer(1),
  batchTimeout: DURATION,
  shards: integerWithin(1, MAX_SHARDS),
  spread: ["an array of exact types", "object", isListOfTypes],
};

const RULES: Rules = {
  ...BUS_RULES,
  ...BATCH_RULES,
  stages: STAGES,
  capacity: ASYNC_RULES.capacity,
  overflow: ASYNC_RULES.overflow,
};

/** The options of a flow bus, checked and complete. */
export type FlowSettings = Required<
  Omit<FlowOptions, keyof BusOptions | "handlers" | "threads">
>;

/**
 * Checks the options of a flow bus and fills in what is left out.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 */
export function settleFlowOptions(options: FlowOptions): FlowSettings {
  const action = "create a flow bus";
  checkOptions(action, options, RULES);
  const { capacity = CAPACITY, batchSize = Math.min(256, capacity) } = options;
  // A batch that cannot become full would keep emits waiting for its time-out.
  const fits: Rule = [
    `at most 'capacity', ${capacity}`,
    "number",
    (value: number) => value <= capacity,
  ];
  checkOptions(action, { batchSize }, { batchSize: fits });
  return {
    capacity,
    batchSize,
    batchTimeout: options.batchTimeout ?? 100,
    shards: options.shards ?? 1,
    overflow: options.overflow ?? "block",
    stages: [...options.stages ?? []],
    spread: [...options.spread ?? []],
  };
}

/** A star is a plain character of a type, but here it can only be meant as a pattern. */
function isListOfTypes(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((type) => typeof type === "string" && type !== "" && !type.includes("*"));
}
