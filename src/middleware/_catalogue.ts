import { HistogramMetric, type Metric, type MetricName, NumberMetric } from "./_metric.ts";

/** Seconds. Handlers mostly take less than what goes over a network. */
const HANDLER_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const PUBLISH_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ATTEMPT_BOUNDS = [1, 2, 3, 5, 10];

const NAMES = {
  handlerTime: {
    name: "handler_execution_time_seconds",
    help: "Seconds that a call of a handler took",
    labels: ["handler_name", "success"],
  },
  received: {
    name: "subscriber_messages_received_total",
    help: "Messages that were settled",
    labels: ["handler_name", "subscriber_name", "acked"],
  },
  attempts: {
    name: "handler_attempts",
    help: "Attempts that a message took until it was acked",
    labels: ["handler_name"],
  },
  inflight: {
    name: "handler_inflight",
    help: "Messages that are in a handler",
    labels: ["handler_name"],
  },
  lag: {
    name: "handler_lag",
    help: "Messages between a handler and the end of a lane of its topic",
    labels: ["handler_name", "lane"],
  },
  publishTime: {
    name: "publish_time_seconds",
    help: "Seconds that a call of publish took",
    labels: ["handler_name", "publisher_name", "success"],
  },
  deadLetters: {
    name: "dlq_total",
    help: "Dead letters that were published",
    labels: ["handler_name"],
  },
};

const MOST_HANDLERS = 1_000;
const OTHER_HANDLERS = "<other>";

/** The metrics of handlers and publishers, each with its labels in the order of `NAMES`. */
export class Catalogue {
  readonly handlerTime: HistogramMetric;
  readonly received: NumberMetric;
  readonly attempts: HistogramMetric;
  readonly inflight: NumberMetric;
  readonly lag: NumberMetric;
  readonly publishTime: HistogramMetric;
  readonly deadLetters: NumberMetric;
  readonly #deadHandlers = new Set<string>();

  /** `prefix` stands before each name; `bounds` are those of the time in handlers, in seconds. */
  constructor(prefix: readonly string[], bounds: readonly number[] = HANDLER_BOUNDS) {
    const called = (one: MetricName): MetricName => ({
      ...one,
      name: [...prefix, one.name].join("_"),
    });
    this.handlerTime = new HistogramMetric(called(NAMES.handlerTime), [...bounds]);
    this.received = new NumberMetric("counter", called(NAMES.received));
    this.attempts = new HistogramMetric(called(NAMES.attempts), ATTEMPT_BOUNDS);
    this.inflight = new NumberMetric("gauge", called(NAMES.inflight));
    this.lag = new NumberMetric("gauge", called(NAMES.lag));
    this.publishTime = new HistogramMetric(called(NAMES.publishTime), PUBLISH_BOUNDS);
    this.deadLetters = new NumberMetric("counter", called(NAMES.deadLetters));
  }

  /**
   * The dead letters of a handler. Its name comes with a letter, and a letter may come from anywhere:
   * what names no end of handlers must not make series without end.
   */
  deadLettersOf(handler: string): { value: number } {
    if (this.#deadHandlers.size < MOST_HANDLERS) this.#deadHandlers.add(handler);
    return this.deadLetters.at(this.#deadHandlers.has(handler) ? handler : OTHER_HANDLERS);
  }

  /** All of them in the text format of Prometheus. */
  text(): string {
    const metrics: Metric[] = [
      this.handlerTime,
      this.received,
      this.attempts,
      this.inflight,
      this.lag,
      this.publishTime,
      this.deadLetters,
    ];
    return metrics.flatMap((metric) => metric.lines()).join("\n") + "\n";
  }
}
