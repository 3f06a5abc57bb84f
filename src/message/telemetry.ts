/**
 * The part of OpenTelemetry's API that is used here, by shape: what `@opentelemetry/api` gives fits,
 * and nothing of it is imported.
 *
 * @module
 */

/** Values of attributes. */
export type Attributes = Record<string, string | number | boolean>;

/** `TraceState` of OpenTelemetry: what tracing systems remember, each under its key. */
export interface TraceState {
  /** The value of a key. */
  get(key: string): string | undefined;
  /** The same with a member that is the newest. */
  set(key: string, value: string): TraceState;
  /** The same without a member. */
  unset(key: string): TraceState;
  /** As the `tracestate` of W3C Trace Context has it. */
  serialize(): string;
}

/** `SpanContext` of OpenTelemetry. */
export interface SpanContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** Bit 0: sampled. */
  traceFlags: number;
  /** The `tracestate` of W3C Trace Context. */
  traceState?: TraceState;
}

/** `Span` of OpenTelemetry. */
export interface Span {
  /** Identifies the span. */
  spanContext(): SpanContext;
  /** Adds an attribute. */
  setAttribute(name: string, value: string | number | boolean): unknown;
  /** 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Adds an exception. */
  recordException(error: Error | string): void;
  /** Ends the span. */
  end(): void;
}

/** `SpanOptions` of OpenTelemetry. */
export interface SpanOptions {
  /** 2 client, 3 producer, 4 consumer. */
  kind?: number;
  /** What is known at the start. */
  attributes?: Attributes;
  /** Spans that caused this one without being its parent. */
  links?: { context: SpanContext; attributes?: Attributes }[];
}

/** `Tracer` of OpenTelemetry. */
export interface Tracer {
  /** Starts a span. */
  startSpan(name: string, options?: SpanOptions): Span;
}

/** `Counter` of OpenTelemetry. */
export interface Counter {
  /** Counts. */
  add(value: number, attributes?: Attributes): void;
}

/** `Histogram` of OpenTelemetry. */
export interface Histogram {
  /** Notes a value. */
  record(value: number, attributes?: Attributes): void;
}

/** How an instrument is made. */
export interface InstrumentOptions {
  /** What it measures. */
  description?: string;
  /** `"s"`, `"{message}"`, … */
  unit?: string;
  /** Hints for the bounds of buckets. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** `Meter` of OpenTelemetry. */
export interface Meter {
  /** Makes a counter. */
  createCounter(name: string, options?: InstrumentOptions): Counter;
  /** Makes a histogram. */
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
}
