import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MsgHdrsImpl } from "@nats-io/transport-node";
import { readRec, writeHeaders } from "./headers.ts";

const ORIGIN = { id: "topic//1", time: 0 };
const PAYLOAD = new Uint8Array();

describe("writeHeaders()", () => {
  it("brings every id, key and metadata to who reads them", () => {
    const texts = ["a", " a", "a ", "\ta", "%41", "100%", "ä 日本 🦀", "a: b", "\u00a0", "="];
    const names = ["a", "A", "Nats-Msg-Id", "nats-rollup", "Beat-UUID", "Beat-Meta-a", "__proto__"];
    for (const text of texts) {
      const headers = [["empty", ""], ...names.map((name) => [name, text])] as [string, string][];
      const rec = { id: text, key: text, headers, payload: PAYLOAD, time: 1_700_000_000_123 };
      // As they come from the server.
      const sent = MsgHdrsImpl.decode((writeHeaders(rec) as MsgHdrsImpl).encode());
      assertEquals(readRec(sent, PAYLOAD, ORIGIN), rec);
    }
  });
});

describe("readRec()", () => {
  it("names what has no headers by its origin", () => {
    const expected = { ...ORIGIN, key: "", headers: [], payload: PAYLOAD };
    assertEquals(readRec(undefined, PAYLOAD, ORIGIN), expected);
  });

  it("takes what others wrote wrongly as it is, and the last of several values", () => {
    const text = "NATS/1.0\r\nBeat-Key: 100%\r\nBeat-Timestamp: soon\r\na: 1\r\na: 2\r\n\r\n";
    const found = MsgHdrsImpl.decode(new TextEncoder().encode(text));
    const { key, time, headers } = readRec(found, PAYLOAD, ORIGIN);
    assertEquals([key, time, headers], ["100%", 0, [["a", "2"]]]);
  });
});
