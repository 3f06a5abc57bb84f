import type { Middleware, Produced, Work } from "../message/handler.ts";
import type { Attributes, Counter, Histogram, Meter, Span, Tracer } from "../message/telemetry.ts";
import { BOUNDS, failSpan, SPAN_KIND, withError } from "../message/telemetry_conventions.ts";
import { extractContext, injectContext } from "../message/trace_context.ts";
import { checkOptions, FUNCTION, OBJECT, type Rules } from "../options/options.ts";
import { observe } from "./_outcome.ts";
import { producedBy } from "./_produced.ts";

/** What {@linkcode trace} takes; without a tracer and a meter there is nothing to do. */
export interface TraceOptions {
  /** Makes a span for each call. @default {no spans} */
  tracer?: Tracer;
  /** Makes `messaging.process.duration` and `messaging.client.consumed.messages`. @default {no measurements} */
  meter?: Meter;
  /**
   * Calls `run` with the span as the active one, so that what the handler starts becomes its child. With
   * OpenTelemetry: `context.with(trace.setSpan(context.active(), span), run)`. @default {the span is not active}
   */
  activate?: <T>(span: Span, run: () => T) => T;
}

const ACTION = "create a tracing middleware";

const RULES: Rules = { tracer: OBJECT, meter: OBJECT, activate: FUNCTION };

/** The name of a system that no transport told. */
const SYSTEM = "beat";

/**
 * Spans and measurements of handling messages, by the semantic conventions of OpenTelemetry for
 * messaging (status: development).
 *
 * Each call gets a span `process <topic>` of kind consumer that links to the contexts its messages
 * carry in `traceparent` and `tracestate`; what is produced without a context gets that of the span.
 * The tracer and the meter are taken by their shape: what `@opentelemetry/api` gives fits.
 *
 * @throws {TypeError} If an option is malformed, or neither tracer nor meter is given.
 *
 * @example With the shape of a tracer
 * ```ts
 * import { trace } from "@beat/beat/middleware";
 * import { Message, silent, type Tracer } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const started: string[] = [];
 * // In a program: trace.getTracer("shop") of @opentelemetry/api.
 * const tracer: Tracer = {
 *   startSpan(name) {
 *     started.push(name);
 *     return {
 *       spanContext: () => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 }),
 *       setAttribute: () => {},
 *       setStatus: () => {},
 *       recordException: () => {},
 *       end: () => {},
 *     };
 *   },
 * };
 * const handle = trace({ tracer })(() => {});
 * await handle({ messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent });
 * assertEquals(started, ["process orders"]);
 * ```
 */
export function trace(options: TraceOptions): Middleware {
  checkOptions(ACTION, options, RULES);
  const { tracer, meter, activate = (_span, run) => run() } = options;
  if (tracer === undefined && meter === undefined) {
    throw new TypeError(`Cannot ${ACTION} as 'tracer' or 'meter' must be given`);
  }
  const instruments = meter === undefined ? undefined : instrumentsOf(meter);

  return (next) => (work) => {
    const attributes = attributesOf(work);
    const span = tracer === undefined ? undefined : startSpan(tracer, work, attributes);
    instruments?.consumed.add(work.messages.length, attributes);
    const started = performance.now();
    const measure = (attributes: Attributes) =>
      instruments?.duration.record((performance.now() - started) / 1_000, attributes);
    const observer = {
      onValue(produced: Produced) {
        measure(attributes);
        if (span === undefined) return;
        handOn(span, produced);
        span.end();
      },
      onError(error: unknown) {
        measure(withError(attributes, error));
        if (span === undefined) return;
        failSpan(span, error);
        span.end();
      },
    };
    const run = () => observe(next, work, observer);
    return span === undefined ? run() : activate(span, run);
  };
}

function instrumentsOf(meter: Meter): { duration: Histogram; consumed: Counter } {
  return {
    duration: meter.createHistogram("messaging.process.duration", {
      description: "Duration of processing operation",
      unit: "s",
      advice: { explicitBucketBoundaries: BOUNDS },
    }),
    consumed: meter.createCounter("messaging.client.consumed.messages", {
      description: "Number of messages that were delivered to the application",
      unit: "{message}",
    }),
  };
}

/** What spans and measurements have in common: few values each, since each combination is a series. */
function attributesOf({ messages, topic, group }: Work): Attributes {
  return {
    "messaging.system": messages[0]?.origin?.transport ?? SYSTEM,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": topic,
    ...group === undefined ? {} : { "messaging.consumer.group.name": group },
  };
}

function startSpan(tracer: Tracer, work: Work, attributes: Attributes): Span {
  const contexts = work.messages.map(({ metadata }) => extractContext(metadata));
  return tracer.startSpan(`process ${work.topic}`, {
    kind: SPAN_KIND.consumer,
    attributes: { ...attributes, ...detailsOf(work) },
    links: contexts.filter((context) => context !== undefined).map((context) => ({ context })),
  });
}

/** What a span may know beyond what measurements are told apart by. */
function detailsOf({ messages, batch }: Work): Attributes {
  const [message] = messages;
  if (batch || message === undefined) return { "messaging.batch.message_count": messages.length };
  const { uuid, origin } = message;
  return {
    "messaging.message.id": uuid,
    ...origin === undefined || origin.partition === ""
      ? {}
      : { "messaging.destination.partition.id": origin.partition },
  };
}

/** A context that a message already carries stays. */
function handOn(span: Span, produced: Produced): void {
  for (const { metadata } of producedBy(produced)) {
    if (!metadata.has("traceparent")) injectContext(metadata, span.spanContext());
  }
}
