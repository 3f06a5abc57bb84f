import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { watermill } from "@beat/beat/marshal";
import { Message, type Rec } from "@beat/beat/message";
import { readStringMap, writeStringMap } from "./string_map.ts";
import { WATERMILL } from "./watermill_layout.ts";

const ENTRY = { id: "orders//7-0", time: 7 };
const UTF8 = new TextEncoder();

function stored(words: readonly (string | Uint8Array)[]): Uint8Array[] {
  return words.map((word) => typeof word === "string" ? UTF8.encode(word) : word);
}

describe("WATERMILL", () => {
  it("brings a message there and back with the codec of the same name", () => {
    const codec = watermill();
    const message = new Message("hello", { uuid: "one", key: "a", metadata: { tenant: "ä" } });
    const rec = codec.encode(message, { topic: "orders" });
    const back = codec.decode(WATERMILL.read(stored(WATERMILL.write(rec)), ENTRY), {
      topic: "orders",
    });
    assertEquals(back.uuid, "one");
    assertEquals(back.key, "a");
    assertEquals([...back.metadata], [["tenant", "ä"]]);
    assertEquals(back.text(), "hello");
  });

  it("writes the fields that watermill-redisstream reads", () => {
    const rec: Rec = {
      ...{ id: "one", key: "", time: 0, payload: UTF8.encode("hello") },
      headers: [["a", "b"]],
    };
    const [uuid, id, metadata, map, payload] = WATERMILL.write(rec);
    assertEquals([uuid, id, metadata, payload], [
      ...["_watermill_message_uuid", "one", "metadata", "payload"],
    ]);
    // As Go's msgpack writes map[string]string{"a": "b"}.
    assertEquals([...map as Uint8Array], [0x81, 0xa1, 0x61, 0xa1, 0x62]);
  });

  it("reads a message without metadata", () => {
    const fields = stored(["_watermill_message_uuid", "one", "metadata", "", "payload", "x"]);
    assertEquals(WATERMILL.read(fields, ENTRY).headers, []);
    fields[3] = Uint8Array.of(0xc0);
    assertEquals(WATERMILL.read(fields, ENTRY).headers, []);
  });

  it("keeps metadata that is none, so that a handler or a dead letter gets it", () => {
    const fields = stored(["_watermill_message_uuid", "one", "metadata", "?", "payload", "x"]);
    assertEquals(WATERMILL.read(fields, ENTRY).headers, [["metadata", "?"]]);
  });
});

describe("writeStringMap()", () => {
  it("brings maps and texts of every size there and back", () => {
    for (const size of [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const pairs = [["name", "ü".repeat(size)]] as const;
      assertEquals(readStringMap(writeStringMap(pairs)), [...pairs]);
    }
    for (const size of [0, 1, 15, 16, 1_000]) {
      const pairs = Array.from({ length: size }, (_, at) => [`name-${at}`, ""] as const);
      assertEquals(readStringMap(writeStringMap(pairs)), pairs);
    }
  });
});

describe("readStringMap()", () => {
  it("refuses what is no map of texts, or ends early", () => {
    assertThrows(() => readStringMap(Uint8Array.of(0x01)), RangeError, "a map");
    assertThrows(() => readStringMap(Uint8Array.of(0x81, 0x01)), RangeError, "a text");
    assertThrows(() => readStringMap(Uint8Array.of(0x81, 0xa5, 0x61)), RangeError, "ends early");
    assertThrows(() => readStringMap(new Uint8Array()), RangeError, "ends early");
  });
});
