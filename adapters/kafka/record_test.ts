import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cloudEvents, watermill } from "@beat/beat/marshal";
import { type Codec, Message, type Rec } from "@beat/beat/message";
import { Buffer } from "node:buffer";
import type { KafkaMessage } from "./client.ts";
import { readRecord, writeRecord } from "./record.ts";

const PLACE = { topic: "orders", partition: 2, offset: 7n, time: 1_700_000_000_000 };

const REC: Rec = {
  id: "one",
  key: "order-7",
  headers: [["tenant", "ä"], ["Tenant", ""], ["tenant", "b"]],
  payload: Uint8Array.of(0, 255, 13, 10),
  time: PLACE.time,
};

describe("writeRecord() and readRecord()", () => {
  it("bring a record there and back, repeated headers in their order", () => {
    assertEquals(read(writeRecord("orders", 2, REC)), REC);
  });

  it("bring a record without key, headers and payload there and back", () => {
    const bare = { ...REC, key: "", headers: [], payload: new Uint8Array() };
    const written = writeRecord("orders", 2, bare);
    assertEquals("key" in written, false);
    assertEquals(read(written), bare);
  });

  it("name what somebody else wrote by its place; a tombstone has no bytes", () => {
    const stored = { offsetDelta: 0, timestampDelta: 0n, key: null, value: null };
    const rec = readRecord({ ...stored, headers: [[Buffer.from("a"), null]] }, PLACE);
    assertEquals(rec, {
      ...{ id: "orders/2/7", key: "", headers: [["a", ""]], time: PLACE.time },
      payload: new Uint8Array(),
    });
  });

  it("keep metadata that is called as the header of the id is", () => {
    const rec: Rec = { ...REC, headers: [["beat-id", "mine"]] };
    assertEquals(read(writeRecord("orders", 2, rec)), rec);
    const coded: Rec = {
      ...REC,
      headers: [["_watermill_message_uuid", "one"], ["beat-id", "mine"]],
    };
    assertEquals(read(writeRecord("orders", 2, coded)), coded);
  });

  it("give payloads the methods that users know", () => {
    assertEquals(read(writeRecord("orders", 2, REC)).payload.constructor, Uint8Array);
  });

  it("take the time of a message as that of the record", () => {
    assertEquals(writeRecord("orders", 2, { ...REC, time: 12.75 }).timestamp, 12n);
  });
});

describe("Records of codecs", () => {
  it("have the headers that Watermill's Kafka package reads, and none besides", () => {
    const { written, back } = through(watermill());
    assertEquals(headersOf(written), [["_watermill_message_uuid", "one"], ["tenant", "ä"]]);
    assertEquals(written.value.toString(), "hello");
    assertEquals([back.uuid, back.key, [...back.metadata]], ["one", "a", [["tenant", "ä"]]]);
  });

  it("have the headers of CloudEvents' Kafka binding: ce_, without percent-encoding", () => {
    const codec = cloudEvents({ source: "/shop", binding: "kafka" });
    const { written, back } = through(codec, { "content-type": "text/plain", tenant: "ä %" });
    assertEquals(
      new Map(headersOf(written)),
      new Map([
        ["ce_specversion", "1.0"],
        ["ce_id", "one"],
        ["ce_source", "/shop"],
        ["ce_type", "orders"],
        ["ce_time", "2023-11-14T22:13:20.000Z"],
        ["ce_partitionkey", "a"],
        ["ce_tenant", "ä %"],
        ["content-type", "text/plain"],
      ]),
    );
    assertEquals([back.uuid, back.key, back.metadata.get("tenant")], ["one", "a", "ä %"]);
  });

  it("tell the id by what the codec has written, so that two of a message have one", () => {
    assertEquals(read(through(watermill()).written).id, "one");
  });

  it("have a header for the id where a header of that name says something else", () => {
    const rec = { ...REC, headers: [["ce_id", "another"]] as const };
    assertEquals(read(writeRecord("orders", 2, rec)), rec);
  });
});

/** Brings a message there and back by a codec. */
function through(codec: Codec, metadata: Record<string, string> = { tenant: "ä" }) {
  const timestamp = new Date(PLACE.time);
  const message = new Message("hello", { uuid: "one", key: "a", metadata, timestamp });
  const written = writeRecord("orders", 2, codec.encode(message, { topic: "orders" }));
  return { written, back: codec.decode(read(written), { topic: "orders" }) };
}

function read({ key, value, headers }: KafkaMessage): Rec {
  const stored = { offsetDelta: 0, timestampDelta: 0n, key: key ?? null, value };
  return readRecord({ ...stored, headers: [...headers] }, PLACE);
}

function headersOf({ headers }: KafkaMessage): [name: string, value: string][] {
  return Array.from(headers, ([name, value]) => [name.toString(), value.toString()]);
}
