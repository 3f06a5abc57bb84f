/** What the real SDK of OpenTelemetry makes of our spans and measurements. */
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as api } from "@opentelemetry/api";
import type { Span as ApiSpan } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Handle, Message, type Meter, silent, type Tracer } from "@beat/beat/message";
import { MemoryBroker } from "@beat/beat/memory";
import { trace } from "@beat/beat/middleware";
import { replay, Router } from "@beat/beat/router";
import { publisher, subscriber } from "@beat/beat/transport";
import { AbortScope } from "../../src/message/abort_scope.ts";
import { receiveMessage } from "../../src/message/message.ts";
import { asynchronous, batch, failing, failureOf, single } from "../_messages/harness.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  // The assignment is the test that the shapes agree.
  const tracer: Tracer = provider.getTracer("test");
  return { tracer, spans: () => exporter.getFinishedSpans() };
}

/** A meter, and what it has measured by the names of the metrics; collecting ends it. */
function measuring() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 60_000,
    exportTimeoutMillis: 1_000,
  });
  const provider = new MeterProvider({ readers: [reader] });
  const meter: Meter = provider.getMeter("test");
  const collect = async (): Promise<Map<string, MetricData>> => {
    await provider.forceFlush();
    const { metrics } = exporter.getMetrics().at(-1)!.scopeMetrics[0];
    await provider.shutdown();
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
  };
  return { meter, collect };
}

/** A message as the engine gives it to a handler. */
function received(metadata: Record<string, string> = {}): Message {
  const message = new Message("{}", { uuid: "7f", metadata });
  receiveMessage(message, {
    attempt: 1,
    origin: { transport: "kafka", topic: "orders", group: "billing", partition: "3", offset: "42" },
    scope: new AbortScope(),
    settle: () => true,
  });
  return message;
}

const produced = (): Message => new Message("paid");

describe("trace with the SDK of OpenTelemetry", () => {
  for (
    const [form, shape] of [["synchronous", (handle: Handle) => handle], [
      "asynchronous",
      asynchronous,
    ]] as const
  ) {
    it(`makes a consumer span that links to the producer, ${form}`, async () => {
      const { tracer, spans } = tracing();
      const message = received({
        traceparent: `00-${TRACE}-${SPAN}-01`,
        tracestate: "vendor=a",
      });
      await trace({ tracer })(shape(() => {}))(single(message, { group: "billing" }));
      const [span] = spans();
      assertEquals([span.name, span.kind], ["process orders", SpanKind.CONSUMER]);
      assertEquals(span.attributes, {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "orders",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "billing",
        "messaging.message.id": "7f",
      });
      assertEquals(span.status.code, SpanStatusCode.UNSET);
      assertEquals(span.links.length, 1);
      const [{ context }] = span.links;
      assertEquals([context.traceId, context.spanId, context.traceFlags], [TRACE, SPAN, 1]);
      assertEquals(context.traceState?.serialize(), "vendor=a");
      assertEquals(span.parentSpanContext, undefined);
      assertNotEquals(span.spanContext().traceId, TRACE);
    });

    it(`records what a handler throws, ${form}`, async () => {
      const { tracer, spans } = tracing();
      await failureOf(() =>
        trace({ tracer })(shape(failing(new RangeError("too much"))))(single())
      );
      const [span] = spans();
      assertEquals(span.status, { code: SpanStatusCode.ERROR, message: "too much" });
      assertEquals(span.attributes["error.type"], "RangeError");
      assertEquals(span.events.map(({ name }) => name), ["exception"]);
    });
  }

  it("makes one span for a batch, with a link for each message that has a context", async () => {
    const { tracer, spans } = tracing();
    const others = "c".repeat(32);
    const messages = [
      received({ traceparent: `00-${TRACE}-${SPAN}-01` }),
      received(),
      received({ traceparent: `00-${others}-${SPAN}-00` }),
      received({ traceparent: "00-zero" }),
    ];
    await trace({ tracer })(() => {})(batch(messages));
    const [span] = spans();
    assertEquals(span.links.map(({ context }) => context.traceId), [TRACE, others]);
    assertEquals(span.attributes["messaging.batch.message_count"], 4);
    assertEquals(span.attributes["messaging.message.id"], undefined);
  });

  it("gives what is produced the context of the span, unless it has one", async () => {
    const { tracer, spans } = tracing();
    const own = new Message("", { metadata: { traceparent: `00-${TRACE}-${SPAN}-01` } });
    const fresh = produced();
    await trace({ tracer })(() => [own, fresh])(single());
    const { traceId, spanId } = spans()[0].spanContext();
    assertEquals(fresh.metadata.get("traceparent"), `00-${traceId}-${spanId}-01`);
    assertEquals(own.metadata.get("traceparent"), `00-${TRACE}-${SPAN}-01`);
  });

  it("with activate makes what the handler starts a child of the span", async () => {
    const manager = new AsyncLocalStorageContextManager();
    context.setGlobalContextManager(manager.enable());
    try {
      const { tracer, spans } = tracing();
      const handle = trace({
        tracer,
        activate: (span, run) => context.with(api.setSpan(ROOT_CONTEXT, span as ApiSpan), run),
      })(async () => {
        await Promise.resolve();
        tracer.startSpan("SELECT").end();
      });
      await handle(single());
      const [child, parent] = spans();
      assertEquals([child.name, parent.name], ["SELECT", "process orders"]);
      assertEquals(child.parentSpanContext?.spanId, parent.spanContext().spanId);
    } finally {
      context.disable();
    }
  });

  it("ties every hop to the one before: publish, process, publish", async () => {
    const { tracer, spans } = tracing();
    const broker = new MemoryBroker();
    const out = publisher(broker, { tracer });
    const router = new Router();
    const arrived = Promise.withResolvers<Message>();
    router.handle("bill", "orders", subscriber(broker), "bills", out, produced)
      .addMiddleware(trace({ tracer }));
    router.on("watch", "bills", subscriber(broker), arrived.resolve);
    const done = router.run();
    await router.running;
    await out.publish("orders", new Message("order"));
    await arrived.promise;
    await router.close();
    await done;
    await out.close();
    const [first, process, second] = ["publish orders", "process orders", "publish bills"].map(
      (name) => spans().find((span) => span.name === name)!,
    );
    assertEquals(process.links.map(({ context }) => context.spanId), [first.spanContext().spanId]);
    assertEquals(second.links.map(({ context }) => context.spanId), [
      process.spanContext().spanId,
    ]);
    assertEquals([first.kind, second.kind], [SpanKind.PRODUCER, SpanKind.CLIENT]);
    assertEquals(process.attributes["messaging.system"], "memory");
  });

  it("ties a dead letter, and what is put back of it, to the message that it was", async () => {
    const { tracer, spans } = tracing();
    const broker = new MemoryBroker();
    const out = publisher(broker, { tracer });
    const router = new Router({ logger: silent });
    const [letter, again] = [Promise.withResolvers<Message>(), Promise.withResolvers<Message>()];
    router.on("bill", "orders", subscriber(broker), (message) => {
      if (message.metadata.has("replays")) return again.resolve(message);
      throw new Error("no");
    }).dlq({ topic: "dead", publisher: out });
    router.on("watch", "dead", subscriber(broker), letter.resolve);
    const done = router.run();
    await router.running;
    await out.publish("orders", new Message("order"));
    const dead = await letter.promise;
    await replay(subscriber(broker), "dead", { publisher: out, idle: 10 });
    const back = await again.promise;
    await router.close();
    await done;
    await out.close();
    const [first, ...others] = ["publish orders", "publish dead"].flatMap((name) => {
      return spans().filter((span) => span.name === name);
    });
    const { traceId, spanId } = first.spanContext();
    for (const { metadata } of [dead, back]) {
      assertEquals(metadata.get("traceparent"), `00-${traceId}-${spanId}-01`);
    }
    // The replay and the letter were published by calls of their own, which link to the first.
    assertEquals(others.map(({ links: [link] }) => link.context.spanId), [spanId, spanId]);
  });

  it("measures processing and counts what was consumed", async () => {
    const { meter, collect } = measuring();
    const handle = trace({ meter })(failing(undefined, new RangeError("too much")));
    await failureOf(() => handle(single(received())));
    await failureOf(() => handle(single(received())));
    await handle(batch([received(), received(), received()]));
    const metrics = await collect();
    const consumed = metrics.get("messaging.client.consumed.messages")!;
    assert(consumed.dataPointType === DataPointType.SUM);
    assertEquals(consumed.descriptor.unit, "{message}");
    assertEquals(consumed.dataPoints.map(({ value }) => value), [5]);
    const duration = metrics.get("messaging.process.duration")!;
    const counts = countsByError(duration);
    assertEquals(counts, { none: 1, _OTHER: 1, RangeError: 1 });
    assertEquals(duration.dataPoints[0].attributes["messaging.system"], "kafka");
  });

  it("measures publishing, and counts what was sent apart from what was sent in vain", async () => {
    const { meter, collect } = measuring();
    const broker = new MemoryBroker();
    await broker.admin.create("orders", { partitions: 1, maxMessages: 2, overflow: "error" });
    // Nothing gives way that a group has not seen.
    const group = await subscriber(broker).subscribe("orders", { group: "bill" });
    const out = publisher(broker, { meter });
    await out.publish("orders", produced());
    // One more is room for one.
    await failureOf(() => out.publish("orders", [produced(), produced()]));
    const metrics = await collect();
    await Promise.all([out.close(), group.close()]);
    const sent = metrics.get("messaging.client.sent.messages")!;
    assert(sent.dataPointType === DataPointType.SUM);
    assertEquals(sent.descriptor.unit, "{message}");
    assertEquals(
      sent.dataPoints.map(({ attributes, value }) => [attributes["error.type"], value]),
      [[undefined, 2], ["TopicFullError", 1]],
    );
    assertEquals(sent.dataPoints[0].attributes, {
      "messaging.system": "memory",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": "orders",
    });
    const duration = metrics.get("messaging.client.operation.duration")!;
    assertEquals(countsByError(duration), { none: 1, PublishError: 1 });
  });
});

/** What the conventions recommend for durations of messaging (`ExplicitBucketBoundaries`). */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Calls by the type of their error; the histogram has the unit and the ranges of the conventions. */
function countsByError(duration: MetricData): Record<string, number> {
  assert(duration.dataPointType === DataPointType.HISTOGRAM);
  assertEquals(duration.descriptor.unit, "s");
  assertEquals(duration.dataPoints[0].value.buckets.boundaries, SECONDS);
  return Object.fromEntries(duration.dataPoints.map(({ attributes, value }) => [
    String(attributes["error.type"] ?? "none"),
    value.count,
  ]));
}
