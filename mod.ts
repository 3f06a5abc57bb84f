/**
 * An event bus: typed events, wildcards, error isolation, and one API from a call of a few
 * nanoseconds to queues, batches and stages. It has no dependency and runs on Deno, Bun, Node,
 * workerd and in browsers.
 *
 * ```ts
 * import { forSync } from "@beat/beat";
 *
 * const bus = forSync<{ "order.paid": { id: string; total: number } }>();
 * bus.on("order.*", (event) => console.log(event.type, event.data.total));
 * bus.emit("order.paid", { id: "A-1", total: 12.5 });
 * ```
 *
 * Four layers make a bus: {@linkcode createBus} from options, {@linkcode forSync},
 * {@linkcode forAsync} and {@linkcode forFlow} by engine, {@linkcode scenario} by name, {@linkcode option}
 * from a profile. `on`, `emit` and the other functions of this module work on one
 * {@linkcode defaultBus}.
 *
 * @module
 */

export type {
  BusOptions,
  CloseOptions,
  DrainOptions,
  DropReport,
  ErrorContext,
} from "./src/core/bus_options.ts";
export type {
  AsyncBus,
  Bus,
  BusCapabilities,
  BusEventTarget,
  EnqueueOptions,
  SyncBus,
  Topic,
  WriteOptions,
} from "./src/core/contracts.ts";
export type {
  BatchHandler,
  BatchStats,
  FlowBus,
  FlowErrorContext,
  FlushOptions,
} from "./src/core/flow_contracts.ts";
export type {
  Cursor,
  EventIterator,
  EventsOptions,
  OnceOptions,
  SubscribeOptions,
  Subscription,
} from "./src/core/subscription.ts";
export {
  BatchError,
  type BatchFailure,
  BusClosedError,
  CrashError,
  DrainTimeoutError,
  PatternError,
  QueueFullError,
  ThreadFailedError,
  UnsupportedError,
} from "./src/core/errors.ts";
export type {
  AnyEvent,
  BusEvent,
  DataArgs,
  DataInput,
  DataOf,
  EventFields,
  EventInput,
  EventOf,
  EventOrTypeWithoutData,
  EventTable,
  Handler,
  InputOf,
  InputTable,
  OpenEventMap,
  OptionalDataInput,
  TypedEvent,
  TypesOf,
  TypesWithoutData,
} from "./src/core/event.ts";
export type {
  IsEmpty,
  KnownPattern,
  LooseTemplate,
  MatchedEvent,
  Matches,
  Matching,
  MatchingTypes,
  Received,
} from "./src/core/matching.ts";
export type { ValueCodec } from "./src/core/value_codec.ts";
export type { BusStats, CloseReport } from "./src/core/stats.ts";
export type { AsyncOptions } from "./src/engines/async.ts";
export type { ThreadOptions } from "./src/engines/threads.ts";
export type { FlowOptions, Stage } from "./src/engines/flow.ts";
export type { FlowThreadOptions } from "./src/engines/flow_threads.ts";
export type { SyncOptions } from "./src/engines/sync.ts";
export { type Advice, advise } from "./src/profile/advisor.ts";
export {
  defaultBus,
  emit,
  emitBatch,
  off,
  on,
  once,
  stats,
  topic,
  unsafeEmit,
} from "./src/profile/default_bus.ts";
export {
  createBus,
  type DeferredOptions,
  type DirectOptions,
  forAsync,
  forFlow,
  forSync,
  type StagedOptions,
} from "./src/profile/factory.ts";
export { type Capabilities, capabilities } from "./src/runtime/capabilities.ts";
export {
  PRESETS,
  type Profile,
  type ProfileName,
  type ScenarioName,
} from "./src/profile/profile.ts";
export { type HookOptions, option, scenario } from "./src/profile/scenario.ts";
