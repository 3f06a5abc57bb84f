import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { DecodeError } from "./errors.ts";
import { watermill } from "./watermill.ts";

const CONTEXT = { topic: "orders" };
const MESSAGE = new Message("hi", { uuid: "7", key: "k", metadata: { tenant: "ä😀", __x: "" } });

function received(headers: Rec["headers"]): Rec {
  return { id: "orders/0/1", key: "k", headers, payload: new Uint8Array([0xff]), time: 5 };
}

describe("watermill()", () => {
  const codec = watermill();

  it("writes the UUID and all metadata as headers", () => {
    const rec = codec.encode(MESSAGE, CONTEXT);
    assertEquals(rec.headers, [["_watermill_message_uuid", "7"], ["tenant", "ä😀"], ["__x", ""]]);
    assertEquals([rec.id, rec.key, rec.payload], ["7", "k", MESSAGE.payload]);
  });

  it("reads what it wrote, key and time of the record included", () => {
    const message = codec.decode(codec.encode(MESSAGE, CONTEXT), CONTEXT);
    assertEquals([message.uuid, message.key, message.text()], ["7", "k", "hi"]);
    assertEquals(message.timestamp, MESSAGE.timestamp);
    assertEquals(message.metadata, MESSAGE.metadata);
  });

  it("reads the UUID wherever it stands, and does not take it for metadata", () => {
    const rec = received([["a", "b"], ["_watermill_message_uuid", "go"]]);
    const message = codec.decode(rec, CONTEXT);
    assertEquals([message.uuid, [...message.metadata]], ["go", [["a", "b"]]]);
  });

  it("counts the last of repeated UUIDs, as of every header", () => {
    const twice = [["_watermill_message_uuid", "1"], ["_watermill_message_uuid", "2"]] as const;
    assertEquals(codec.decode(received(twice), CONTEXT).uuid, "2");
  });

  it("takes the broker's name for a message without a UUID", () => {
    assertEquals(codec.decode(received([]), CONTEXT).uuid, "orders/0/1");
    const empty = received([["_watermill_message_uuid", ""]]);
    assertEquals(codec.decode(empty, CONTEXT).uuid, "orders/0/1");
  });

  it("refuses metadata in the place of the UUID", () => {
    const message = new Message("", { metadata: { _watermill_message_uuid: "x" } });
    assertThrows(
      () => codec.encode(message, CONTEXT),
      RangeError,
      "as metadata '_watermill_message_uuid'",
    );
  });

  it("refuses options that it does not know", () => {
    assertThrows(
      () => watermill({ binding: "kafka" as "http" }),
      RangeError,
      "one of headers, http",
    );
    assertThrows(
      () => watermill({ bindings: "http" } as object),
      TypeError,
      "'bindings' is unknown",
    );
  });
});

describe('watermill({ binding: "http" })', () => {
  const codec = watermill({ binding: "http" });

  it("writes the UUID and the metadata as two headers of ASCII", () => {
    const [uuid, metadata, ...others] = codec.encode(MESSAGE, CONTEXT).headers;
    assertEquals(uuid, ["Message-Uuid", "7"]);
    assertEquals(metadata![0], "Message-Metadata");
    assertMatch(metadata![1], /^[\x20-\x7e]*$/);
    assertEquals(JSON.parse(metadata![1]), { tenant: "ä😀", __x: "" });
    assertEquals(others, []);
  });

  it("reads what it wrote", () => {
    const message = codec.decode(codec.encode(MESSAGE, CONTEXT), CONTEXT);
    assertEquals([message.uuid, message.key, message.text()], ["7", "k", "hi"]);
    assertEquals(message.metadata, MESSAGE.metadata);
  });

  it("reads headers in any case, leaves out others, and keeps every byte of the payload", () => {
    const rec = received([["message-uuid", "go"], ["MESSAGE-METADATA", '{"a":"b"}'], [
      "host",
      "x",
    ]]);
    const message = codec.decode(rec, CONTEXT);
    assertEquals([message.uuid, [...message.metadata]], ["go", [["a", "b"]]]);
    assertEquals(message.payload, new Uint8Array([0xff]));
  });

  it("reads the UTF-8 that Go writes, however the platform hands it over", () => {
    const bytes = new TextEncoder().encode('{"a":"ä😀"}');
    for (const value of [String.fromCharCode(...bytes), '{"a":"ä😀"}', '{"a":"ä"}']) {
      const message = codec.decode(received([["Message-Metadata", value]]), CONTEXT);
      assertEquals(message.metadata.get("a")!.startsWith("ä"), true);
    }
  });

  for (const header of ["", "null", "{}"]) {
    it(`finds no metadata in '${header}'`, () => {
      const rec = received([["Message-Metadata", header]]);
      assertEquals(codec.decode(rec, CONTEXT).metadata.size, 0);
    });
  }

  for (const header of ["{", "[]", "5", '"x"', "false", '{"a":1}', '{"a":null}']) {
    it(`refuses '${header}' as metadata`, () => {
      const rec = received([["Message-Metadata", header]]);
      assertThrows(
        () => codec.decode(rec, CONTEXT),
        DecodeError,
        "Cannot decode a Watermill message as",
      );
    });
  }

  it("refuses metadata that no broker could carry on", () => {
    const message = new Message("", { metadata: { a: "b\nc" } });
    assertThrows(
      () => codec.encode(message, CONTEXT),
      RangeError,
      "Cannot encode a Watermill message as",
    );
  });
});
