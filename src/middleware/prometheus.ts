import type { Publisher } from "../message/contracts.ts";
import type { Middleware, Work } from "../message/handler.ts";
import type { Message } from "../message/message.ts";
import { BOOLEAN, checkOptions, DURATION, type Rule, type Rules } from "../options/options.ts";
import type { LagReporter, LaneLag } from "../transport/capabilities.ts";
import { inTime } from "../transport/in_time.ts";
import { wrapPublisher } from "../transport/wrap_publisher.ts";
import { Catalogue } from "./_catalogue.ts";
import { observe } from "./_outcome.ts";

/** What {@linkcode prometheus} takes. */
export interface PrometheusOptions {
  /** Stands before each name, divided by `_`. @default {none} */
  namespace?: string;
  /** Stands before each name, behind the namespace, divided by `_`. @default {none} */
  subsystem?: string;
  /** Upper bounds in seconds of the time in handlers. @default {0.0005 to 1, as Watermill has them} */
  buckets?: readonly number[];
}

/** What {@linkcode Prometheus.publisher} takes beside a publisher. */
export interface PublisherMetricsOptions {
  /** The label `publisher_name`. @default {"publisher"} */
  name?: string;
  /** The label `handler_name`: whose messages are published. @default {"<no handler>"} */
  handler?: string;
  /** Whether what is published are dead letters: then `dlq_total` counts them. @default {false} */
  deadLetters?: boolean;
}

/** What can be asked how far it is behind, such as a handler of a router. */
export interface LaggingHandler extends LagReporter {
  /** The label `handler_name`. */
  readonly name: string;
}

/** What {@linkcode Prometheus.scrape} takes beside handlers. */
export interface ScrapeOptions {
  /** Milliseconds that a broker has for its answer; then it has none. @default {5_000} */
  timeout?: number;
}

/** Metrics of handlers and publishers. */
export interface Prometheus {
  /** Measures what it stands around. */
  readonly middleware: Middleware;
  /** The same publisher, measured. */
  publisher(publisher: Publisher, options?: PublisherMetricsOptions): Publisher;
  /** All metrics in the text format of Prometheus, version 0.0.4: what a scrape is answered with. */
  text(): string;
  /**
   * Asks handlers how far they are behind the end of their topics, and resolves with what `text` gives.
   * A handler whose broker does not answer has no lag in it: none is not the same as 0.
   *
   * @throws {TypeError | RangeError} If an option is malformed.
   */
  scrape(handlers: Iterable<LaggingHandler>, options?: ScrapeOptions): Promise<string>;
  /** The content type of {@linkcode Prometheus.text}. */
  readonly contentType: string;
}

const NO_HANDLER = "<no handler>";
const NO_SUBSCRIBER = "<no subscriber>";

const NAME: Rule = [
  "letters, digits and '_', not a digit first",
  "string",
  (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
];

const RULES: Rules = {
  namespace: NAME,
  subsystem: NAME,
  buckets: ["an array of growing finite numbers", "object", isGrowing],
};

const PUBLISHER_RULES: Rules = {
  name: ["a string", "string"],
  handler: ["a string", "string"],
  deadLetters: BOOLEAN,
};

/**
 * Metrics for Prometheus under the names of Watermill, so that its Grafana dashboard (9777) shows them:
 *
 * - `handler_execution_time_seconds{handler_name,success}`, one observation a call
 * - `subscriber_messages_received_total{handler_name,subscriber_name,acked}`, when a message is
 *   settled; `acked` is `"acked"`, `"nacked"` or `"lost"`, the subscriber is the kind of transport
 * - `publish_time_seconds{handler_name,publisher_name,success}`, one observation a call
 *
 * and beyond them `handler_attempts{handler_name}` (until a message was acked),
 * `handler_inflight{handler_name}` (messages in handlers), `handler_lag{handler_name,lane}` (messages
 * that wait, as of the last `scrape`) and `dlq_total{handler_name}`,
 * whose label comes with the letters: behind 1,000 handlers it is `"<other>"`.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A scrape
 * ```ts
 * import { prometheus } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const metrics = prometheus({ namespace: "shop" });
 * const handle = metrics.middleware(() => {});
 * await handle({ messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent });
 * assertStringIncludes(
 *   metrics.text(),
 *   'shop_handler_execution_time_seconds_count{handler_name="bill",success="true"} 1',
 * );
 * ```
 */
export function prometheus(options: PrometheusOptions = {}): Prometheus {
  checkOptions("create metrics", options, RULES);
  const { namespace, subsystem, buckets } = options;
  const prefix = [namespace, subsystem].filter((part) => part !== undefined);
  const metrics = new Catalogue(prefix, buckets);
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: () => metrics.text(),
    scrape: (handlers, options = {}) => scrape(metrics, handlers, options),
    middleware: measureHandlers(metrics),
    publisher: (publisher, options = {}) => measurePublisher(metrics, publisher, options),
  };
}

function measureHandlers(metrics: Catalogue): Middleware {
  /** A message that is handled again before it is settled must not be counted twice. */
  const watched = new WeakSet<Message>();
  const watch = (message: Message, { handler }: Work): void => {
    if (watched.has(message)) return;
    watched.add(message);
    message.settled().then(({ kind }) => {
      watched.delete(message);
      metrics.received.at(handler, message.origin?.transport ?? NO_SUBSCRIBER, kind).value++;
      if (kind === "acked") metrics.attempts.at(handler).observe(message.attempt);
    });
  };
  return (next) => (work) => {
    const { handler, messages } = work;
    for (const message of messages) watch(message, work);
    const running = metrics.inflight.at(handler);
    running.value += messages.length;
    const started = performance.now();
    const end = (success: boolean) => {
      running.value -= messages.length;
      metrics.handlerTime.at(handler, String(success)).observe(secondsSince(started));
    };
    return observe(next, work, { onValue: () => end(true), onError: () => end(false) });
  };
}

async function scrape(
  metrics: Catalogue,
  handlers: Iterable<LaggingHandler>,
  options: ScrapeOptions,
): Promise<string> {
  checkOptions("scrape metrics", options, { timeout: DURATION });
  const { timeout = 5_000 } = options;
  const answers = await Promise.all(Array.from(handlers, (handler) => ask(handler, timeout)));
  // Only now: what another scrape has measured meanwhile is as good.
  metrics.lag.clear();
  for (const { name, lanes } of answers) {
    for (const { lane, lag } of lanes) metrics.lag.at(name, lane).value = lag;
  }
  return metrics.text();
}

/** The lanes of a handler; none if its broker does not tell in time. */
async function ask(
  handler: LaggingHandler,
  timeout: number,
): Promise<{ name: string; lanes: readonly LaneLag[] }> {
  const { name } = handler;
  let lanes: readonly LaneLag[] = [];
  const asked = async () => {
    lanes = await answerOf(handler);
  };
  await inTime(asked(), timeout);
  return { name, lanes };
}

/** Milliseconds after which a broker that has said nothing is asked again. */
const SILENCE = 60_000;

/** What brokers have been asked and have not answered: one that is silent is asked once a minute. */
const pending = new WeakMap<LaggingHandler, Question>();

/** What a broker was asked, and when. */
interface Question {
  readonly answer: Promise<readonly LaneLag[]>;
  readonly asked: number;
}

function answerOf(handler: LaggingHandler): Promise<readonly LaneLag[]> {
  const last = pending.get(handler);
  if (last !== undefined && performance.now() - last.asked < SILENCE) return last.answer;
  const answer = Promise.resolve().then(() => handler.lag()).finally(() => {
    if (pending.get(handler) === question) pending.delete(handler);
  });
  const question = { answer, asked: performance.now() };
  pending.set(handler, question);
  return answer;
}

function measurePublisher(
  metrics: Catalogue,
  publisher: Publisher,
  options: PublisherMetricsOptions,
): Publisher {
  checkOptions("measure a publisher", options, PUBLISHER_RULES);
  const { name = "publisher", handler = NO_HANDLER, deadLetters = false } = options;
  const timed = async (publish: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    let success = false;
    try {
      await publish();
      success = true;
    } finally {
      metrics.publishTime.at(handler, name, String(success)).observe(secondsSince(started));
    }
  };
  return wrapPublisher(publisher, async (_topic, messages, publish) => {
    await timed(publish);
    if (!deadLetters) return;
    for (const { metadata } of messages) {
      metrics.deadLettersOf(metadata.get("dlq_handler") ?? handler).value++;
    }
  });
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1_000;
}

function isGrowing(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > value[at - 1]));
}
