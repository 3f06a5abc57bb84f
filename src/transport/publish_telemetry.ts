import { PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import type {
  Attributes,
  Counter,
  Histogram,
  Meter,
  Span,
  SpanContext,
  Tracer,
} from "../message/telemetry.ts";
import { BOUNDS, failSpan, SPAN_KIND, withError } from "../message/telemetry_conventions.ts";
import { extractContext, injectContext } from "../message/trace_context.ts";

/** Where spans and measurements go. */
export interface TelemetryTargets {
  /** Makes spans. */
  tracer?: Tracer | undefined;
  /** Makes instruments. */
  meter?: Meter | undefined;
}

/**
 * Spans and measurements of publishing, by the semantic conventions of OpenTelemetry for messaging
 * (https://opentelemetry.io/docs/specs/semconv/messaging/).
 */
export class PublishTelemetry {
  readonly #system: string;
  readonly #tracer: Tracer | undefined;
  readonly #duration: Histogram | undefined;
  readonly #sent: Counter | undefined;

  constructor(system: string, { tracer, meter }: TelemetryTargets) {
    this.#system = system;
    this.#tracer = tracer;
    this.#duration = meter?.createHistogram("messaging.client.operation.duration", {
      description: "Duration of messaging operations of a producer or consumer",
      unit: "s",
      advice: { explicitBucketBoundaries: BOUNDS },
    });
    this.#sent = meter?.createCounter("messaging.client.sent.messages", {
      description: "Messages that a producer has tried to send to the broker",
      unit: "{message}",
    });
  }

  /** Watches one call of `publish`; `send` gets the messages with the context that they should carry. */
  async observe(
    topic: string,
    messages: readonly Message[],
    batch: boolean,
    send: (messages: readonly Message[]) => Promise<void>,
  ): Promise<void> {
    const attributes: Attributes = {
      "messaging.system": this.#system,
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": topic,
    };
    const start = performance.now();
    const { span, carriers } = this.#startSpan(messages, attributes, batch);
    let error: unknown;
    try {
      await send(carriers);
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      if (span !== undefined) {
        if (error !== undefined) failSpan(span, error);
        span.end();
      }
      const outcome = error === undefined ? attributes : withError(attributes, error);
      this.#duration?.record((performance.now() - start) / 1_000, outcome);
      this.#count(messages.length, attributes, error);
    }
  }

  /** A context that a message already carries stays: whoever put it in wants it to be linked to. */
  #startSpan(
    messages: readonly Message[],
    attributes: Attributes,
    batch: boolean,
  ): { span?: Span; carriers: readonly Message[] } {
    if (this.#tracer === undefined) return { carriers: messages };
    const contexts = messages.map(({ metadata }) => extractContext(metadata));
    const span = this.#tracer.startSpan(`publish ${attributes["messaging.destination.name"]}`, {
      kind: contexts.includes(undefined) ? SPAN_KIND.producer : SPAN_KIND.client,
      attributes: {
        ...attributes,
        ...batch
          ? { "messaging.batch.message_count": messages.length }
          : { "messaging.message.id": messages[0]!.uuid },
      },
      links: contexts.filter((context) => context !== undefined).map((context) => ({ context })),
    });
    const own = span.spanContext();
    const carriers = messages.map((message, at) =>
      contexts[at] === undefined ? carry(message, own) : message
    );
    return { span, carriers };
  }

  /** Counts what was sent, and apart from it what was sent in vain; not what was never sent. */
  #count(size: number, attributes: Attributes, error: unknown): void {
    if (this.#sent === undefined) return;
    const failed = error instanceof PublishError ? error.failed : [];
    const confirmed = error === undefined || error instanceof PublishError
      ? size - failed.length
      : 0;
    if (confirmed > 0) this.#sent.add(confirmed, attributes);
    for (const { cause, outcome } of failed) {
      if (outcome !== "not-attempted") this.#sent.add(1, withError(attributes, cause));
    }
  }
}

/** The same message with a context; the caller's own is not touched. */
function carry(message: Message, context: SpanContext): Message {
  const { uuid, key, timestamp, payload } = message;
  const metadata = new Map(message.metadata);
  injectContext(metadata, context);
  return new Message(payload, { uuid, key, metadata, timestamp });
}
