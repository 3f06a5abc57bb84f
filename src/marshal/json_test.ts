import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { json } from "./json.ts";

const CONTEXT = { topic: "orders.paid" };
const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function envelopeOf(message: Message): string {
  return decodeUtf8(json.encode(message, CONTEXT).payload)!;
}

/** A record of a broker that has names for everything. */
function recordOf(payload: string | Uint8Array, headers: Rec["headers"] = []): Rec {
  const bytes = typeof payload === "string" ? encodeUtf8(payload) : payload;
  return { id: "t/0/1", key: "k", headers, payload: bytes, time: TIME };
}

function decode(text: string): Message {
  return json.decode(recordOf(text), CONTEXT);
}

describe("json.encode()", () => {
  it("writes what the message has", () => {
    const message = new Message('{"total": 12.0}', {
      uuid: "u",
      key: "order-7",
      timestamp: new Date(TIME),
      metadata: { tenant: "ä" },
    });
    assertEquals(
      envelopeOf(message),
      '{"uuid":"u","key":"order-7","timestamp":"2026-01-02T03:04:05.678Z",' +
        '"metadata":{"tenant":"ä"},"payload":{"total": 12.0}}',
    );
  });

  it("leaves id, key and time with the record, and needs no headers", () => {
    const message = new Message("1", {
      uuid: "u",
      key: "k",
      timestamp: new Date(TIME),
      metadata: { a: "b" },
    });
    const { payload: _, ...rest } = json.encode(message, CONTEXT);
    assertEquals(rest, { id: "u", key: "k", headers: [], time: TIME });
  });

  const payloads: [payload: string | Uint8Array, member: string][] = [
    ["null", '"payload":null'],
    ['"a"', '"payload":"a"'],
    ["[1.0,\n 2e0]", '"payload":[1.0,\n 2e0]'],
    [" 1", '"payload_text":" 1"'],
    ["hello", '"payload_text":"hello"'],
    ["", '"payload_text":""'],
    ["\ufeff1", '"payload_text":"\ufeff1"'],
    ["[".repeat(127) + "]".repeat(127), `"payload_text":"${"[".repeat(127)}${"]".repeat(127)}"`],
    [new Uint8Array([0xff, 0]), '"payload_base64":"/wA="'],
  ];
  for (const [payload, member] of payloads) {
    it(`writes ${member.slice(0, 40).replaceAll("\n", " ")}`, () => {
      const envelope = envelopeOf(new Message(payload, { uuid: "u", timestamp: new Date(TIME) }));
      assertEquals(envelope, `{"uuid":"u","timestamp":"2026-01-02T03:04:05.678Z",${member}}`);
      assertEquals(decode(envelope).payload, new Message(payload).payload);
    });
  }

  it("refuses metadata that no broker could carry on", () => {
    const message = new Message("", { metadata: { a: "b\nc" } });
    assertThrows(
      () => json.encode(message, CONTEXT),
      RangeError,
      "Cannot encode a JSON envelope as",
    );
  });

  it("refuses a time that RFC 3339 cannot name", () => {
    const message = new Message("", { timestamp: new Date(8e15) });
    assertThrows(() => json.encode(message, CONTEXT), RangeError, "'timestamp' must be");
  });
});

describe("json.decode()", () => {
  it("takes what the envelope does not say from the record", () => {
    const message = decode('{"payload":1}');
    assertEquals([message.uuid, message.key, message.timestamp.getTime()], ["t/0/1", "k", TIME]);
  });

  it("reads envelopes without key and timestamp, and with null and unknown members", () => {
    const message = decode('{"uuid":"","key":null,"metadata":null,"payload":null,"x":1}');
    assertEquals([message.uuid, message.key, message.text()], ["t/0/1", "k", "null"]);
    assertEquals(message.metadata.size, 0);
  });

  it("adds metadata to the headers of the record, and goes before them", () => {
    const rec = recordOf('{"metadata":{"a":"1"},"payload":1}', [["a", "0"], ["b", "2"]]);
    assertEquals([...json.decode(rec, CONTEXT).metadata], [["a", "1"], ["b", "2"]]);
  });

  it("keeps '__proto__' as a name like any other", () => {
    const message = decode('{"metadata":{"__proto__":"x"},"payload":{"__proto__":{"y":1}}}');
    assertEquals(message.metadata.get("__proto__"), "x");
    assertEquals(message.text(), '{"__proto__":{"y":1}}');
    assertEquals(({} as Record<string, unknown>).y, undefined);
  });

  it("makes foreign metadata safe to publish again", () => {
    assertEquals([...decode('{"metadata":{"a b":"c\\nd"},"payload":1}').metadata], [[
      "a_x20_b",
      "c d",
    ]]);
  });

  const refused: [fault: string, text: string][] = [
    ["its text must be JSON", "{"],
    ["its text must be JSON", ""],
    ["its JSON must be an object: current value is null", "null"],
    ["its JSON must be an object", "[]"],
    ["its JSON must be an object: current value is 5", "5"],
    ["it must have one of payload, payload_text, payload_base64", "{}"],
    ["it must have one of", '{"payload":1,"payload_text":""}'],
    ["'payload_text' must be a string: current value is 5", '{"payload_text":5}'],
    ["'payload_base64' must be base64", '{"payload_base64":"a"}'],
    ["'uuid' must be a string: current value is 5", '{"uuid":5,"payload":1}'],
    ["'key' must be a string", '{"key":{},"payload":1}'],
    ["'timestamp' must be a string", '{"timestamp":5,"payload":1}'],
    [
      "'timestamp' must be a time of RFC 3339: current value is '5'",
      '{"timestamp":"5","payload":1}',
    ],
    ["'metadata' must be an object", '{"metadata":[],"payload":1}'],
    ["metadata 'a' must be a string", '{"metadata":{"a":1},"payload":1}'],
  ];
  for (const [fault, text] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assertThrows(() => decode(text), DecodeError, `Cannot decode a JSON envelope as ${fault}`);
    });
  }

  it("refuses bytes that are not UTF-8", () => {
    const rec = recordOf(new Uint8Array([0xff]));
    assertThrows(() => json.decode(rec, CONTEXT), DecodeError, "its bytes must be UTF-8");
  });

  it("refuses depth that the engine cannot read, or reads it", () => {
    const text = `{"payload":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    try {
      assertEquals(decode(text).payload.length, 2e6);
    } catch (error) {
      assertEquals(error instanceof DecodeError, true);
    }
  });
});
