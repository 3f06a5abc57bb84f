/** What the real SDK of OpenTelemetry makes of webhooks: a context that goes over HTTP, hop by hop. */
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StandardWebhook, webhookPublisher, webhookTransport } from "@beat/http";
import { Message, silent, type Tracer } from "@beat/beat/message";
import { trace } from "@beat/beat/middleware";
import { Router } from "@beat/beat/router";
import { publisher, subscriber } from "@beat/beat/transport";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LOCAL = { secrets: SECRET, insecureHttp: true, allow: ["127.0.0.1/32"] };

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer: Tracer = provider.getTracer("test");
  return { tracer, spans: () => exporter.getFinishedSpans() };
}

/** A receiver of two topics: what comes to the first is posted to the second. */
async function start(tracer: Tracer) {
  const hooks = webhookTransport({ secrets: SECRET });
  const { url } = await hooks.listen();
  const next = webhookPublisher({ url, ...LOCAL });
  const arrived = Promise.withResolvers<Message>();
  const router = new Router({ logger: silent });
  router.use(trace({ tracer }));
  const received = subscriber(hooks);
  router.handle("bill", "orders", received, "bills", next, () => new Message("bill"));
  router.on("file", "bills", received, (message) => arrived.resolve(message));
  const ended = router.run();
  await router.running;
  return {
    url,
    arrived: arrived.promise,
    async close() {
      await router.close();
      await ended;
      await next.close();
      await hooks.close();
    },
  };
}

describe("a trace of webhooks with the SDK of OpenTelemetry", () => {
  it("ties every hop over HTTP to the one before", async () => {
    const { tracer, spans } = tracing();
    const { url, arrived, close } = await start(tracer);
    const out = publisher(webhookTransport({ url, ...LOCAL }), { tracer, closeTransport: true });
    await out.publish("orders", new Message("order"));
    const { metadata } = await arrived;
    await out.close();
    await close();
    const named = (name: string) => spans().find((span) => span.name === name)!;
    const linked = (name: string) => named(name).links.map(({ context }) => context.spanId);
    assertEquals(linked("process orders"), [named("publish orders").spanContext().spanId]);
    assertEquals(linked("process bills"), [named("process orders").spanContext().spanId]);
    const { traceId, spanId } = named("process orders").spanContext();
    assertEquals(metadata.get("traceparent"), `00-${traceId}-${spanId}-01`);
  });

  it("begins where somebody else's sender has begun it, whose headers are all there is", async () => {
    const { tracer, spans } = tracing();
    const { url, arrived, close } = await start(tracer);
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const body = new TextEncoder().encode("{}");
    const headers = {
      ...await new StandardWebhook(SECRET).sign("msg_1", body),
      "content-type": "application/json",
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      tracestate: "vendor=a",
    };
    const answer = await fetch(`${url}/orders`, { method: "POST", headers, body });
    assertEquals(answer.status, 204);
    await arrived;
    await close();
    const [link] = spans().find(({ name }) => name === "process orders")!.links;
    assertEquals([link!.context.traceId, link!.context.spanId], [traceId, "b7ad6b7169203331"]);
    assertEquals(link!.context.traceState?.serialize(), "vendor=a");
  });
});
