import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import type { Attributes, Meter, SpanOptions, Tracer, TraceState } from "../message/telemetry.ts";
import type { Transport } from "./port.ts";
import { publisher } from "./publisher.ts";
import { ScriptedSink } from "./testdata/scripted_sink.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

interface Noted {
  name: string;
  options: SpanOptions;
  attributes: Attributes;
  status?: number;
  exceptions: unknown[];
  ended: number;
}

/** A tracer that notes its spans. */
function notingTracer(traceId = TRACE): { tracer: Tracer; spans: Noted[] } {
  const spans: Noted[] = [];
  const tracer: Tracer = {
    startSpan(name, options = {}) {
      const noted: Noted = { name, options, attributes: {}, exceptions: [], ended: 0 };
      spans.push(noted);
      const traceState: TraceState = {
        get: () => "1",
        set: () => traceState,
        unset: () => traceState,
        serialize: () => "vendor=1",
      };
      return {
        spanContext: () => ({ traceId, spanId: SPAN, traceFlags: 1, traceState }),
        setAttribute: (name, value) => noted.attributes[name] = value,
        setStatus: ({ code }) => noted.status = code,
        recordException: (error) => void noted.exceptions.push(error),
        end: () => void noted.ended++,
      };
    },
  };
  return { tracer, spans };
}

/** A meter that notes what is measured. */
function notingMeter() {
  const instruments: Record<string, unknown> = {};
  const measured: [name: string, value: number, attributes: Attributes][] = [];
  const make = (name: string, options: unknown) => {
    instruments[name] = options;
    return (value: number, attributes: Attributes = {}) => {
      measured.push([name, value, attributes]);
    };
  };
  const meter: Meter = {
    createCounter: (name, options) => ({ add: make(name, options) }),
    createHistogram: (name, options) => ({ record: make(name, options) }),
  };
  return { meter, instruments, measured };
}

function open(options: { tracer?: Tracer; meter?: Meter }) {
  const sink = new ScriptedSink();
  const transport = { name: "scripted", sink: () => sink } as unknown as Transport;
  return { sink, orders: publisher(transport, options) };
}

const COMMON = {
  "messaging.system": "scripted",
  "messaging.operation.name": "publish",
  "messaging.operation.type": "send",
  "messaging.destination.name": "orders",
};

describe("spans of publishing", () => {
  it("are of kind producer, named by operation and topic, and go on with the message", async () => {
    const { tracer, spans } = notingTracer();
    const { sink, orders } = open({ tracer });
    const message = new Message("paid", { key: "a", metadata: { tenant: "t" } });
    const published = orders.publish("orders", message);
    const { rec } = sink.open[0]!.items[0]!;
    assertEquals(rec.headers, [
      ["tenant", "t"],
      ["traceparent", `00-${TRACE}-${SPAN}-01`],
      ["tracestate", "vendor=1"],
    ]);
    assertEquals(rec.id, message.uuid);
    assertEquals([...message.metadata], [["tenant", "t"]], "the caller's message is not touched");
    assertEquals(spans[0]!.ended, 0);
    await sink.open[0]!.confirm();
    await published;
    const [span] = spans as [Noted];
    assertEquals([span.name, span.ended, span.status], ["publish orders", 1, undefined]);
    assertEquals(span.options, {
      kind: 3,
      attributes: { ...COMMON, "messaging.message.id": message.uuid },
      links: [],
    });
  });

  it("count the messages of an array, also of one", async () => {
    for (const size of [1, 2]) {
      const { tracer, spans } = notingTracer();
      const { sink, orders } = open({ tracer });
      const list = Array.from({ length: size }, () => new Message("", { key: "a" }));
      const published = orders.publish("orders", list);
      assertEquals(spans.length, 1);
      assertEquals(spans[0]!.options.attributes, {
        ...COMMON,
        "messaging.batch.message_count": size,
      });
      await sink.open[0]!.confirm();
      await published;
    }
  });

  it("link to a context that a message carries, and leave it there", async () => {
    const { tracer, spans } = notingTracer();
    const { sink, orders } = open({ tracer });
    const carrier = new Message("", { key: "a", metadata: { traceparent: OTHER } });
    const context = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 1,
    };
    const one = orders.publish("orders", carrier);
    const both = orders.publish("orders", [new Message("", { key: "b" }), carrier]);
    assertEquals(spans.map(({ options }) => [options.kind, options.links]), [
      [2, [{ context }]],
      [3, [{ context }]],
    ]);
    const headers = () => sink.open.flatMap(({ items }) => items.map(({ rec }) => rec.headers[0]));
    assertEquals(headers(), [
      ["traceparent", OTHER],
      ["traceparent", `00-${TRACE}-${SPAN}-01`],
    ]);
    await sink.open[0]!.confirm();
    assertEquals(headers()[1], ["traceparent", OTHER]);
    while (sink.open.length > 0) await sink.open[0]!.confirm();
    await Promise.all([one, both]);
  });

  it("take the place of a malformed context", async () => {
    const { tracer } = notingTracer();
    const { sink, orders } = open({ tracer });
    const metadata = { traceparent: "00-nonsense", tracestate: "a=1" };
    const published = orders.publish("orders", new Message("", { metadata }));
    assertEquals(sink.open[0]!.items[0]!.rec.headers[0]![1], `00-${TRACE}-${SPAN}-01`);
    await sink.open[0]!.confirm();
    await published;
  });

  it("without a valid context leave no trace in the message", async () => {
    const { tracer } = notingTracer("0".repeat(32));
    const { sink, orders } = open({ tracer });
    const published = orders.publish("orders", new Message(""));
    assertEquals(sink.open[0]!.items[0]!.rec.headers, []);
    await sink.open[0]!.confirm();
    await published;
  });

  it("end with the error of a publish that fails", async () => {
    const { tracer, spans } = notingTracer();
    const { sink, orders } = open({ tracer });
    const published = orders.publish("orders", new Message(""));
    sink.open[0]!.lose(new Error("cut"));
    const error = await assertRejects(() => published, PublishError);
    const [span] = spans as [Noted];
    assertEquals([span.status, span.exceptions, span.ended], [2, [error], 1]);
    assertEquals(span.attributes, { "error.type": "PublishError" });
  });

  it("keep the order of calls", async () => {
    const { sink, orders } = open({ tracer: notingTracer().tracer });
    const all = [1, 2, 3].map((n) =>
      orders.publish("orders", new Message("", { key: "a", uuid: `${n}` }))
    );
    while (sink.open.length > 0) await sink.open[0]!.confirm();
    await Promise.all(all);
    assertEquals(sink.sent, [["1"], ["2", "3"]]);
  });
});

describe("measurements of publishing", () => {
  it("have the names, units and bounds of the conventions", () => {
    const { meter, instruments } = notingMeter();
    open({ meter });
    assertEquals(instruments, {
      "messaging.client.operation.duration": {
        description: "Duration of messaging operations of a producer or consumer",
        unit: "s",
        advice: {
          explicitBucketBoundaries: [
            0.005,
            0.01,
            0.025,
            0.05,
            0.075,
            0.1,
            0.25,
            0.5,
            0.75,
            1,
            2.5,
            5,
            7.5,
            10,
          ],
        },
      },
      "messaging.client.sent.messages": {
        description: "Messages that a producer has tried to send to the broker",
        unit: "{message}",
      },
    });
  });

  it("tell the seconds of a call and the messages that it has sent", async () => {
    const { meter, measured } = notingMeter();
    const { sink, orders } = open({ meter });
    const list = [new Message(""), new Message("")];
    const published = orders.publish("orders", list);
    list.length = 0;
    await sink.open[0]!.confirm();
    await published;
    const [[, seconds, attributes], sent] = measured as [typeof measured[0], typeof measured[0]];
    assert(seconds >= 0 && seconds < 60);
    assertEquals(attributes, COMMON);
    assertEquals(sent, ["messaging.client.sent.messages", 2, COMMON]);
  });

  it("tell apart what was confirmed and what failed, and leave out what was not sent", async () => {
    const { meter, measured } = notingMeter();
    const { sink, orders } = open({ meter });
    sink.limits.batch = 1;
    const list = ["a", "a", "b", "c"].map((key) => new Message("", { key }));
    const published = orders.publish("orders", list);
    const [a, b, c] = [...sink.open];
    a!.lose(new TypeError("cut"));
    b!.confirm({ 0: { cause: "no", outcome: "rejected" } });
    c!.confirm();
    await assertRejects(() => published, PublishError);
    assertEquals(measured[0]![2], { ...COMMON, "error.type": "PublishError" });
    assertEquals(measured.slice(1).map(([, value, attributes]) => [value, attributes]), [
      [1, COMMON],
      [1, { ...COMMON, "error.type": "TypeError" }],
      [1, { ...COMMON, "error.type": "_OTHER" }],
    ]);
  });
});
