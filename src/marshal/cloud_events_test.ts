import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { encodeUtf8 } from "./bytes.ts";
import type { CloudEvent } from "./cloud_event.ts";
import { cloudEvents, type CloudEventsOptions } from "./cloud_events.ts";
import { DecodeError } from "./errors.ts";

const CONTEXT = { topic: "orders.paid" };
const codec = cloudEvents({ source: "/shop", binding: "http" });
const bySubject = cloudEvents({ source: "/shop", binding: "http", topic: "subject", type: "shop" });

const FOREIGN: CloudEvent = {
  specversion: "1.0",
  id: "1",
  source: "/theirs",
  type: "com.example.paid",
  subject: "7",
  dataschema: "urn:x",
  datacontenttype: "application/json",
  time: "2018-04-05T17:31:00.123456Z",
  extensions: new Map<string, string | number>([["partitionkey", 5], ["correlationid", "c"], [
    "n",
    1,
  ]]),
  data: encodeUtf8("1.0"),
};

describe("cloudEvents().toEvent()", () => {
  it("maps each part of a message to its attribute", () => {
    const message = new Message("5", {
      uuid: "u",
      key: "k",
      timestamp: new Date(Date.UTC(2026, 0, 2)),
      metadata: {
        "content-type": "application/json",
        correlation_id: "c",
        dlq_first_failed_at: "f",
        traceparent: "tp",
        Tenant: "a",
      },
    });
    assertEquals(codec.toEvent(message, CONTEXT), {
      specversion: "1.0",
      id: "u",
      source: "/shop",
      type: "orders.paid",
      time: "2026-01-02T00:00:00.000Z",
      datacontenttype: "application/json",
      extensions: new Map([
        ["partitionkey", "k"],
        ["correlationid", "c"],
        ["dlqfirstfailedat", "f"],
        ["traceparent", "tp"],
        ["tenant", "a"],
      ]),
      data: encodeUtf8("5"),
    });
  });

  it("makes no data of an empty payload, and no extensions of nothing", () => {
    const event = codec.toEvent(new Message(), CONTEXT);
    assertEquals([event.data, event.extensions, event.datacontenttype], [
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("makes the topic the subject where it is asked to", () => {
    const event = bySubject.toEvent(new Message(), CONTEXT);
    assertEquals([event.type, event.subject], ["shop", "orders.paid"]);
  });

  it("prefers what metadata say of the event", () => {
    const metadata = {
      "ce-source": "/a",
      "ce-type": "b",
      "ce-subject": "c",
      "ce-dataschema": "d:",
    };
    for (
      const event of [codec, bySubject].map((c) =>
        c.toEvent(new Message("", { metadata }), CONTEXT)
      )
    ) {
      const { source, type, subject, dataschema } = event;
      assertEquals([source, type, subject, dataschema], ["/a", "b", "c", "d:"]);
    }
  });

  const unmappable: [fault: string, metadata: Record<string, string>][] = [
    ["metadata 'tenant_id' must have a name of letters and digits", { tenant_id: "x" }],
    ["metadata 'ce-time' must have a name", { "ce-time": "x" }],
    ["metadata 'id' must have a name", { id: "x" }],
    ["metadata 'Source' must have a name", { Source: "x" }],
    ["metadata 'data' must have a name", { data: "x" }],
    ["metadata 'partitionkey' must have a name", { partitionkey: "x" }],
    ["metadata '__proto__' must have a name", JSON.parse('{"__proto__":"x"}')],
    ["metadata 'a' must be the only one that becomes extension 'a'", { A: "1", a: "2" }],
    ["metadata 'correlation_id' must be the only one", { correlationid: "1", correlation_id: "2" }],
    ["metadata 'a' must have no control characters", { a: "x\ty" }],
    ["metadata 'a' must have no control characters", { a: "\ud800" }],
    ["metadata 'a' must have no control characters", { a: "\uffff" }],
  ];
  for (const [fault, metadata] of unmappable) {
    it(`refuses or drops ${JSON.stringify(metadata)}`, () => {
      const message = new Message("", { metadata });
      const words = `Cannot encode a CloudEvent as ${fault}`;
      assertThrows(() => codec.toEvent(message, CONTEXT), RangeError, words);
      const dropping = cloudEvents({ source: "/shop", binding: "http", onUnmappable: "drop" });
      const kept = dropping.toEvent(message, CONTEXT).extensions;
      assertEquals(kept?.size ?? 0, Object.keys(metadata).length - 1);
    });
  }
});

describe("cloudEvents().toMessage()", () => {
  it("keeps what a foreign event says", () => {
    const message = codec.toMessage(FOREIGN, CONTEXT);
    assertEquals([message.uuid, message.key, message.text()], ["1", "5", "1.0"]);
    assertEquals(message.timestamp.toISOString(), "2018-04-05T17:31:00.123Z");
    assertEquals(
      message.metadata,
      new Map([
        ["ce-source", "/theirs"],
        ["ce-type", "com.example.paid"],
        ["ce-subject", "7"],
        ["ce-dataschema", "urn:x"],
        ["content-type", "application/json"],
        ["correlation_id", "c"],
        ["n", "1"],
      ]),
    );
  });

  it("passes a foreign event on as it came, but for times below a millisecond and types of extensions", () => {
    for (const passing of [codec, bySubject]) {
      const event = passing.toEvent(passing.toMessage(FOREIGN, CONTEXT), { topic: "elsewhere" });
      const extensions = new Map([["partitionkey", "5"], ["correlationid", "c"], ["n", "1"]]);
      assertEquals(event, { ...FOREIGN, time: "2018-04-05T17:31:00.123Z", extensions });
    }
  });

  it("does not repeat the topic in metadata", () => {
    const { data: _, ...event } = { ...FOREIGN, type: "orders.paid" };
    assertEquals(codec.toMessage(event, CONTEXT).metadata.has("ce-type"), false);
    const { metadata } = bySubject.toMessage({ ...event, subject: "orders.paid" }, CONTEXT);
    assertEquals([metadata.has("ce-subject"), metadata.get("ce-type")], [false, "orders.paid"]);
  });
});

describe("cloudEvents().decode()", () => {
  const headers = [["ce_specversion", "1.0"], ["ce_id", "1"], ["ce_source", "/s"], [
    "ce_type",
    "t",
  ]] as const;
  const rec: Rec = { id: "orders/0/1", key: "theirs", headers, payload: new Uint8Array(), time: 5 };
  const kafka = cloudEvents({ source: "/shop", binding: "kafka" });

  it("takes key and time of the record where the event has none", () => {
    const message = kafka.decode(rec, CONTEXT);
    assertEquals([message.uuid, message.key, message.timestamp.getTime()], ["1", "theirs", 5]);
    const keyed = {
      ...rec,
      headers: [...headers, ["ce_partitionkey", "ours"], [
        "ce_time",
        "1970-01-01T00:00:01Z",
      ]] as const,
    };
    assertEquals(kafka.decode(keyed, CONTEXT).key, "ours");
    assertEquals(kafka.decode(keyed, CONTEXT).timestamp.getTime(), 1_000);
  });

  it("writes attributes as headers, unless all is to stand in the payload", () => {
    const message = new Message("5");
    const payloadBy = (mode?: "binary" | "structured") => {
      const other = cloudEvents({ source: "/shop", binding: "http", ...mode && { mode } });
      return new TextDecoder().decode(other.encode(message, CONTEXT).payload);
    };
    assertEquals([payloadBy(), payloadBy("binary")], ["5", "5"]);
    assertEquals(payloadBy("structured").startsWith('{"specversion":"1.0"'), true);
  });

  it("reads both modes, whichever it writes", () => {
    for (const mode of ["binary", "structured"] as const) {
      const other = cloudEvents({ source: "/shop", binding: "kafka", mode });
      assertEquals(
        kafka.decode(other.encode(new Message("5", { key: "a" }), CONTEXT), CONTEXT).key,
        "a",
      );
    }
  });

  it("refuses what is no event", () => {
    assertThrows(
      () => kafka.decode({ ...rec, headers: [] }, CONTEXT),
      DecodeError,
      "'specversion'",
    );
  });

  it("keeps to 'maxDepth'", () => {
    const options: CloudEventsOptions = { source: "/shop", binding: "kafka", mode: "structured" };
    const deep = cloudEvents(options).encode(new Message("[[1]]"), CONTEXT);
    assertEquals(cloudEvents({ ...options, maxDepth: 3 }).decode(deep, CONTEXT).text(), "[[1]]");
    assertThrows(() => cloudEvents({ ...options, maxDepth: 2 }).decode(deep, CONTEXT), DecodeError);
  });
});

describe("cloudEvents().encode()", () => {
  it("leaves id, key and time with the record", () => {
    const message = new Message("", { uuid: "u", key: "k", timestamp: new Date(7) });
    const { id, key, time } = codec.encode(message, CONTEXT);
    assertEquals([id, key, time], ["u", "k", 7]);
  });

  const refused: [fault: string, message: Message][] = [
    ["'id' must be", new Message("", { uuid: "a\nb" })],
    ["'partitionkey' must be", new Message("", { key: "\0" })],
    ["'source' must be", new Message("", { metadata: { "ce-source": "a b" } })],
    ["'datacontenttype' must be", new Message("", { metadata: { "content-type": "json" } })],
    ["'timestamp' must be", new Message("", { timestamp: new Date(8e15) })],
  ];
  for (const [fault, message] of refused) {
    it(`refuses a message as ${fault} something else`, () => {
      const words = `Cannot encode a CloudEvent as ${fault}`;
      assertThrows(() => codec.encode(message, CONTEXT), RangeError, words);
    });
  }
});

describe("cloudEvents()", () => {
  const refused: [error: string, options: object][] = [
    ["TypeError: Cannot create a CloudEvents codec as 'source' must be", { binding: "http" }],
    ["RangeError: Cannot create a CloudEvents codec as 'source' must be", {
      source: "",
      binding: "http",
    }],
    ["RangeError: Cannot create a CloudEvents codec as 'source' must be", {
      source: "a b",
      binding: "http",
    }],
    ["TypeError: Cannot create a CloudEvents codec as 'binding' must be one of http", {
      source: "/",
    }],
    ["RangeError: Cannot create a CloudEvents codec as 'binding' must be one of http", {
      source: "/",
      binding: "amqp",
    }],
    ["RangeError: Cannot create a CloudEvents codec as 'mode' must", {
      source: "/",
      binding: "http",
      mode: "batch",
    }],
    ["TypeError: Cannot create a CloudEvents codec as 'type' must be a non", {
      source: "/",
      binding: "http",
      topic: "subject",
    }],
    ["TypeError: Cannot create a CloudEvents codec as 'type' must be left out", {
      source: "/",
      binding: "http",
      type: "t",
    }],
    ["RangeError: Cannot create a CloudEvents codec as 'maxDepth' must", {
      source: "/",
      binding: "http",
      maxDepth: 0,
    }],
    ["TypeError: Cannot create a CloudEvents codec as option 'sauce' is unknown", { sauce: "/" }],
  ];
  for (const [words, options] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = assertThrows(() => cloudEvents(options as CloudEventsOptions), Error);
      assertEquals(`${error.name}: ${error.message}`.startsWith(words), true, String(error));
    });
  }
});
