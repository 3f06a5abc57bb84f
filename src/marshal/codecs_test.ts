import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { type Codec, fields } from "../message/codec.ts";
import { Message } from "../message/message.ts";
import { checkHeaders } from "../message/names.ts";
import type { Rec } from "../message/rec.ts";
import { isAttributeText } from "./cloud_event.ts";
import { cloudEvents } from "./cloud_events.ts";
import { DecodeError } from "./errors.ts";
import { json } from "./json.ts";
import { watermill } from "./watermill.ts";

const CONTEXT = { topic: "orders.paid" };

const EVENTS: [name: string, codec: Codec][] = (["http", "kafka", "nats"] as const).flatMap((
  binding,
) =>
  (["binary", "structured"] as const).flatMap((mode) =>
    [
      [`cloudEvents ${binding} ${mode}`, cloudEvents({ source: "/shop", binding, mode })],
      [
        `cloudEvents ${binding} ${mode} by subject`,
        cloudEvents({ source: "/shop", binding, mode, topic: "subject", type: "shop" }),
      ],
    ] as [string, Codec][]
  )
);

const OTHERS: [name: string, codec: Codec][] = [
  ["fields", fields],
  ["json", json],
  ["watermill", watermill()],
  ["watermill http", watermill({ binding: "http" })],
];

const payload = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: "binary" }),
  fc.json({ depthSize: "small" }),
  fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
  fc.constantFrom(
    "",
    "\ufeff{}",
    " {}",
    "12345678901234567890",
    '{"a":1,"a":2}',
    '{"__proto__":{}}',
  ),
);
const timestamp = fc.date({
  min: new Date("0000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const text = fc.string({ unit: "binary" }).filter((value) => !/[\r\n\0]/.test(value));
const attributeText = fc.string({ unit: "binary" }).filter(isAttributeText);

/** Messages that every broker could carry. */
const anyMessage = fc.record({
  payload,
  timestamp,
  uuid: text.filter((uuid) => uuid !== ""),
  key: text,
  metadata: fc.array(fc.tuple(fc.stringMatching(/^[A-Za-z0-9_.-]+$/), text)),
});

/** Messages that an event can carry. */
const eventMessage = fc.record({
  payload,
  timestamp,
  uuid: attributeText.filter((uuid) => uuid !== ""),
  key: attributeText,
  metadata: fc.array(fc.tuple(
    fc.oneof(
      fc.stringMatching(/^x[a-z0-9]+$/),
      fc.constantFrom("correlation_id", "dlq_reason", "traceparent"),
    ),
    attributeText,
  )),
  contentType: fc.constantFrom(
    undefined,
    "text/plain",
    "application/json",
    "a/b; charset=x",
    "image/png",
  ),
});

function contentOf(message: Message): unknown {
  const { uuid, key, timestamp, metadata, payload } = message;
  return { uuid, key, timestamp, metadata: new Map([...metadata].sort()), payload };
}

describe("every codec", () => {
  for (const [name, codec] of OTHERS) {
    it(`${name}: gives back every message`, () => {
      fc.assert(fc.property(anyMessage, ({ payload, ...options }) => {
        const message = new Message(payload, options);
        assertEquals(
          contentOf(codec.decode(codec.encode(message, CONTEXT), CONTEXT)),
          contentOf(message),
        );
      }));
    });
  }

  for (const [name, codec] of EVENTS) {
    it(`${name}: gives back every message that can be an event`, () => {
      fc.assert(fc.property(eventMessage, ({ payload, contentType, metadata, ...options }) => {
        if (contentType !== undefined) metadata.push(["content-type", contentType]);
        const message = new Message(payload, { ...options, metadata });
        const back = codec.decode(codec.encode(message, CONTEXT), CONTEXT);
        // What an event says beside its message: where it happened, of what type, that it is JSON.
        back.metadata.delete("ce-source");
        back.metadata.delete("ce-type");
        if (contentType === undefined) back.metadata.delete("content-type");
        assertEquals(contentOf(back), contentOf(message));
      }));
    });
  }

  for (const [name, codec] of [...OTHERS, ...EVENTS]) {
    it(`${name}: keeps payloads byte for byte: empty, binary, 1 MiB`, () => {
      const large = Uint8Array.from({ length: 2 ** 20 }, (_, at) => at * 31);
      for (
        const payload of [
          new Uint8Array(),
          Uint8Array.from({ length: 256 }, (_, at) => at),
          large,
        ]
      ) {
        const back = codec.decode(codec.encode(new Message(payload), CONTEXT), CONTEXT).payload;
        assertEquals(back.length, payload.length);
        assertEquals(back.findIndex((byte, at) => byte !== payload[at]), -1);
      }
    });

    it(`${name}: writes records that every broker can carry`, () => {
      fc.assert(fc.property(eventMessage, ({ payload, contentType: _, ...options }) => {
        const rec = codec.encode(new Message(payload, options), CONTEXT);
        checkHeaders("publish", rec.headers);
        assertEquals([rec.id, rec.key, rec.time], [
          options.uuid,
          options.key,
          options.timestamp.getTime(),
        ]);
      }));
    });

    it(`${name}: makes a message of a foreign record, or throws a DecodeError`, () => {
      fc.assert(fc.property(foreignRecord, (rec) => assertDecodes(codec, rec)));
    });

    it(`${name}: makes a message of a damaged record, or throws a DecodeError`, () => {
      const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(eventMessage, damage, ({ payload, contentType: _, ...options }, changes) => {
          const rec = codec.encode(new Message(payload, options), CONTEXT);
          const bytes = rec.payload.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          assertDecodes(codec, { ...rec, payload: bytes });
        }),
      );
    });
  }
});

/** What might be mistaken for a record of each codec. */
const foreignRecord: fc.Arbitrary<Rec> = fc.record({
  id: fc.string({ minLength: 1 }),
  key: fc.string(),
  time: fc.integer(),
  payload: fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => new TextEncoder().encode(json)),
    fc.dictionary(
      fc.constantFrom(
        "uuid",
        "key",
        "timestamp",
        "metadata",
        "payload",
        "payload_text",
        "payload_base64",
      ),
      fc.jsonValue(),
    ).map((value) => new TextEncoder().encode(JSON.stringify(value))),
    fc.dictionary(
      fc.constantFrom(
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "data",
        "data_base64",
        "datacontenttype",
      ),
      fc.oneof(fc.jsonValue(), fc.constant("1.0")),
    ).map((value) => new TextEncoder().encode(JSON.stringify(value))),
  ),
  headers: fc.array(fc.tuple(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        "ce-specversion",
        "ce_specversion",
        "ce-id",
        "ce_id",
        "ce-source",
        "ce_type",
        "ce-time",
      ),
      fc.constantFrom(
        "content-type",
        "Message-Metadata",
        "Message-Uuid",
        "_watermill_message_uuid",
      ),
    ),
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.constantFrom(
        "1.0",
        "application/cloudevents+json",
        "application/cloudevents-batch",
        "%FF",
      ),
    ),
  )),
});

function assertDecodes(codec: Codec, rec: Rec): void {
  let message: Message;
  try {
    message = codec.decode(rec, CONTEXT);
  } catch (error) {
    assertInstanceOf(error, DecodeError);
    return;
  }
  checkHeaders("publish again", [...message.metadata]);
  assertInstanceOf(message.payload, Uint8Array);
  assertEquals(message.uuid !== "", true);
}
