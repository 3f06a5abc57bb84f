/**
 * The port that a broker is reached by: a source, a sink and, where it can, an admin. What is behind
 * it stays thin; what stands on it is the same for all brokers.
 *
 * ```ts
 * import type { Traits } from "@beat/beat/transport";
 *
 * const traits: Traits = {
 *   settle: "each",
 *   requeue: "broker",
 *   lease: 30_000,
 *   counts: true,
 *   retained: true,
 *   groups: true,
 *   keyOrder: "none",
 * };
 * console.log(traits.settle);
 * ```
 *
 * @module
 */

export type {
  Delivery,
  Host,
  Lane,
  Requeue,
  SendFailure,
  SendItem,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "./port.ts";
export type {
  ConnectionEvent,
  ConnectionEvents,
  Health,
  HealthReporter,
  LagReporter,
  LaneLag,
  TopicAdmin,
  TopicConfig,
} from "./capabilities.ts";
export type { BackoffPolicy, DelayList, RetryConditions, RetryPolicy } from "./retry_policy.ts";
export { publisher, type PublisherOptions } from "./publisher.ts";
export { fromPublisher, type PublisherLike } from "./from_publisher.ts";
export { subscriber, type SubscriberOptions } from "./subscriber.ts";
export { fromSubscriber, type SubscriberLike } from "./from_subscriber.ts";
export { consume, type Consumption } from "./consumption.ts";
export type { ConsumeOptions, FailedAttempt } from "./consume_options.ts";
export type { Consumer } from "./procedure.ts";
export type { ConsumeStats } from "./counters.ts";
export type { BatchOptions } from "./collector.ts";
export type { DeadLetterTarget } from "./dead_letter.ts";
export type { PauseOptions } from "./kill_switch.ts";
export type { OnExhausted, Verdict } from "./verdict.ts";
export { partitionOf } from "./partition.ts";
export { checkPayload, type Passage, sendBy, type SendResult } from "./sending.ts";
export { topicAdmin, type TopicBooks } from "./topic_admin.ts";
export { checkPeek } from "./check_peek.ts";
export { GROUP } from "./group_rule.ts";
export { READER } from "./reader_traits.ts";
export { Bell } from "./bell.ts";
export { isHeader, readHeaders } from "./read_headers.ts";
export { ConnectionNews } from "./connection_news.ts";
export { measureHealth } from "./measure_health.ts";
export {
  BOOLEAN,
  check,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integer,
  OBJECT,
  type Rule,
  type Rules,
  SIGNAL,
} from "../options/options.ts";
export { type AroundPublish, wrapPublisher } from "./wrap_publisher.ts";
