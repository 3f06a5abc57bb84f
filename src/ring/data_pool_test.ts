import { assertEquals, equal } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { SharedCells } from "../runtime/shared_cells.ts";
import { DataPool } from "./data_pool.ts";
import { FRAME_HEADER } from "./frame.ts";
import { FrameEncoder } from "./frame_encoder.ts";
import { Layout } from "./layout.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import type { BusEvent } from "../core/event.ts";
import type { ValueCodec } from "../core/value_codec.ts";

/** A ring, and what is read of it through a pool. */
function createRing(codec?: ValueCodec, capacity = 16_384) {
  const layout = new Layout(1, capacity);
  const place = layout.ring(0, 1);
  const cells = new SharedCells(new SharedArrayBuffer(layout.bytes));
  const writer = new RingWriter(cells, place);
  const reader = new RingReader(cells, place);
  const encoder = new FrameEncoder(codec);
  const pool = new DataPool(cells, codec);
  return {
    /** Writes an event if there is room for it; says whether there was. */
    write(event: BusEvent): boolean {
      encoder.encode(event, true);
      if (!writer.hasRoom(encoder.size)) return false;
      encoder.write(cells, writer.claim(encoder.size), 0, 0);
      writer.commit(encoder.size, true);
      writer.publish();
      return true;
    },
    /** Reads so many events at most, as one burst. */
    read(most = Infinity): BusEvent[] {
      const events: BusEvent[] = [];
      pool.renew();
      for (let word; events.length < most && (word = reader.peek()) >= 0;) {
        events.push(pool.read(reader, place, word, "a"));
        reader.pass(word);
      }
      reader.release();
      return events;
    },
  };
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => length + at);
const views = (events: BusEvent[]) => events.map(({ data }) => data as Uint8Array);

describe("a pool of data", () => {
  const data = fc.oneof(
    { weight: 4, arbitrary: fc.nat(100).map(bytesOf) },
    fc.integer({ min: 3_500, max: 5_000 }).map(bytesOf),
    fc.string(),
    fc.jsonValue(),
    fc.constant(undefined),
  );
  const event = fc.record({ data, key: fc.string() }, { requiredKeys: ["data"] });
  const steps = fc.array(
    fc.record({ events: fc.array(event, { maxLength: 12 }), most: fc.nat(20) }),
    { maxLength: 20 },
  );

  it("gives the events that were written, and whoever keeps them has them for good", () => {
    fc.assert(fc.property(steps, fc.constantFrom(1_024, 16_384), (steps, capacity) => {
      const ring = createRing(undefined, capacity);
      const written: BusEvent[] = [];
      const read: BusEvent[] = [];
      for (const { events, most } of steps) {
        for (const fields of events) {
          const event = { type: "a", ...fields };
          if (ring.write(event)) written.push(event);
        }
        read.push(...ring.read(most));
      }
      read.push(...ring.read());
      assertEquals(read.length, written.length);
      // To show how large data differ takes longer than all else.
      assertEquals(read.findIndex((event, at) => !equal(event, written[at])), -1);
    }));
  });

  it("makes one buffer for many, in which each is where words of any size may be", () => {
    const ring = createRing();
    for (let length = 0; length < 40; length++) ring.write({ type: "a", data: bytesOf(length) });
    const data = views(ring.read());
    assertEquals(new Set(data.map(({ buffer }) => buffer)).size, 1);
    assertEquals(data.filter(({ byteOffset }) => byteOffset % 8 !== 0), []);
    assertEquals(data.map(({ length }) => length), data.map((_, length) => length));
  });

  it("lets none share memory with threads, or much of it with another one", () => {
    const ring = createRing();
    for (const length of [4_096, 4_096, 4_097, 8]) {
      ring.write({ type: "a", data: bytesOf(length) });
    }
    const data = views(ring.read());
    assertEquals(data.map(({ buffer }) => buffer instanceof ArrayBuffer), data.map(() => true));
    assertEquals(data.map(({ buffer }) => buffer.byteLength > 8_192), data.map(() => false));
    assertEquals(data[2].buffer.byteLength, 4_097);
  });

  it("gives large data a buffer of their own wherever they stand", () => {
    const ring = createRing();
    const lengths = [8, 4_097, 8];
    for (const length of lengths) ring.write({ type: "a", data: bytesOf(length) });
    const data = views(ring.read());
    assertEquals(data, lengths.map(bytesOf));
    assertEquals(data[1].buffer.byteLength, 4_097);
  });

  it("copies what is there in one piece, and nothing behind the end of the ring", () => {
    const ring = createRing(undefined, 1_024);
    const frame = { type: "a", data: bytesOf(104) };
    for (let frames = 0; frames < 8; frames++) ring.write(frame);
    ring.read(4);
    for (let frames = 0; frames < 4; frames++) ring.write(frame);
    const copied = views(ring.read()).map(({ buffer }) => buffer.byteLength);
    assertEquals(copied, new Array(8).fill(4 * 128 - FRAME_HEADER));
  });

  it("gives views to a codec, too", () => {
    const seen: Uint8Array[] = [];
    const ring = createRing({
      encode: (length) => bytesOf(length as number),
      decode: (bytes) => seen.push(bytes),
    });
    for (const length of [3, 4, 5]) ring.write({ type: "a", data: length });
    assertEquals(ring.read().map(({ data }) => data), [1, 2, 3]);
    assertEquals(seen, [3, 4, 5].map(bytesOf));
    assertEquals(new Set(seen.map(({ buffer }) => buffer)).size, 1);
  });
});
