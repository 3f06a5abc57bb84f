/**
 * What the semantic conventions of OpenTelemetry for messaging ask of every span and measurement
 * (https://opentelemetry.io/docs/specs/semconv/messaging/).
 *
 * @module
 */

import type { Attributes, Span } from "./telemetry.ts";

/** `SpanKind` of OpenTelemetry. */
export const SPAN_KIND = { client: 2, producer: 3, consumer: 4 };

/** `SpanStatusCode.ERROR` of OpenTelemetry. */
const ERROR = 2;

/** Upper bounds of the ranges of durations, in seconds. */
export const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Makes a span say that what it stands for failed. */
export function failSpan(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setAttribute("error.type", typeOf(error));
  span.setStatus({ code: ERROR, message: error instanceof Error ? error.message : "" });
}

/** The attributes of something that failed. */
export function withError(attributes: Attributes, error: unknown): Attributes {
  return { ...attributes, "error.type": typeOf(error) };
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : "_OTHER";
}
