import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { SharedCells } from "../runtime/shared_cells.ts";
import { FRAME_HEADER, FRAME_SIZE, FRAME_TOPIC, FrameError } from "./frame.ts";
import { FrameEncoder } from "./frame_encoder.ts";
import { dataOf, FrameEvent, readData, readEvent, readExtras } from "./frame_event.ts";
import {
  Layout,
  NODE_TOPICS,
  RING_EVENTS,
  RING_HANDLED,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
  TOPIC_LIMIT,
} from "./layout.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { NO_TOPIC, readTopic, TopicTable } from "./topic_table.ts";
import type { BusEvent } from "../core/event.ts";

const LAYOUT = new Layout(1, 4096);
const PLACE = LAYOUT.ring(0, 1);

function createCells(): SharedCells {
  return new SharedCells(new SharedArrayBuffer(LAYOUT.bytes));
}

const text = fc.string({ unit: "grapheme" });
const events: fc.Arbitrary<BusEvent> = fc.record({
  type: fc.string({ minLength: 1, unit: "grapheme" }),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    text,
    fc.constant("\udc00"),
    fc.jsonValue(),
    fc.constant(undefined),
  ),
}).chain((event) =>
  fc.record({
    key: text,
    id: text,
    source: text,
    metadata: fc.dictionary(text, text, { noNullPrototype: true }),
    timestamp: fc.double({ noNaN: true }),
  }, { requiredKeys: [] }).map((fields) => ({ ...event, ...fields }))
);

describe("a frame", () => {
  it("gives back the event that was put into it", () => {
    const cells = createCells();
    const encoder = new FrameEncoder();
    fc.assert(fc.property(events, fc.boolean(), (event, hasTopic) => {
      encoder.encode(event, hasTopic);
      fc.pre(encoder.size <= 4096);
      cells.set((PLACE.data >> 2) + FRAME_SIZE, encoder.size);
      encoder.write(cells, PLACE.data, 7, 0);
      const word = PLACE.data >> 2;
      if (!hasTopic) assertEquals(readExtras(cells, word).type, event.type);
      // JSON has one zero.
      const expected = { ...event, data: withoutMinusZero(event.data) };
      assertEquals(readEvent(cells, word, event.type), expected);
      const lazy = new FrameEvent(event.type, cells, word, undefined);
      lazy.keep();
      cells.words.fill(-1, word, word + 1024);
      assertEquals([lazy.data, lazy.key, lazy.timestamp], [
        expected.data,
        event.key!,
        event.timestamp!,
      ]);
    }));
  });

  it("of an event without data asks no codec for any", () => {
    const cells = createCells();
    const refuse = () => {
      throw new TypeError("it was asked");
    };
    const codec = { encode: refuse, decode: refuse };
    const encoder = new FrameEncoder(codec);
    encoder.encode({ type: "a", data: undefined }, true);
    cells.set((PLACE.data >> 2) + FRAME_SIZE, encoder.size);
    encoder.write(cells, PLACE.data, 7, 0);
    assertEquals(readData(cells, PLACE.data >> 2, codec), undefined);
  });

  it("of random words is an error or an event, and nothing outside it is read", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(64), fc.integer(), fc.constant(2 ** 31 - 1)), {
          minLength: 6,
          maxLength: 40,
        }),
        (words) => {
          const size = words.length * 4;
          const cells = new GuardedCells(new SharedArrayBuffer(size + 64), words.length);
          cells.words.fill(0x41414141);
          cells.words.set(words);
          cells.words[FRAME_SIZE] = size & ~7;
          for (
            const read of [
              () => readExtras(cells, 0),
              () => readData(cells, 0),
              () => dataOf(cells, 0),
            ]
          ) {
            try {
              read();
            } catch (error) {
              if (!(error instanceof FrameError)) throw error;
            }
          }
          if (size < FRAME_HEADER) throw new Error("unreachable");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("a ring reader", () => {
  it("takes random words for an error or for frames within the ring", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8, max: 5_000 })),
        fc.nat(4096),
        // Some begin shortly before the end of the ring, where no frame may go beyond it.
        fc.nat(8).map((words) => words * -8),
        (words, length, head) => {
          const cells = createCells();
          const at = (index: number) => (PLACE.data + (head + index * 4 & 4095)) >> 2;
          words.forEach((word, index) => cells.words[at(index)] = word);
          cells.words[PLACE.words + RING_HEAD] = head;
          cells.words[PLACE.words + RING_PUBLISHED] = head + length;
          const reader = new RingReader(cells, PLACE);
          let left = length;
          try {
            for (let word = reader.peek(); word >= 0; word = reader.peek()) {
              const size = cells.get(word + FRAME_SIZE) & ~1;
              left -= size;
              assertEquals(left >= 0 && word * 4 + size <= PLACE.data + 4096, true);
              reader.take(word);
            }
          } catch (error) {
            if (!(error instanceof FrameError)) throw error;
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("reads what a writer has written, over gaps and the wrap of positions", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.nat(80), reads: fc.nat(3) }), { maxLength: 200 }),
        (steps) => {
          const cells = createCells();
          const place = { ...PLACE, capacity: 512 };
          for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) {
            cells.words[place.words + word] = -256;
          }
          const writer = new RingWriter(cells, place);
          const reader = new RingReader(cells, place);
          const model: number[] = [];
          let next = 0;
          for (const { size, reads } of steps) {
            const bytes = FRAME_HEADER + size * 8 % 128;
            if (writer.hasRoom(bytes)) {
              const at = writer.claim(bytes);
              cells.set((at >> 2) + FRAME_TOPIC, next);
              writer.commit(bytes, true);
              writer.publish();
              model.push(next++);
            } else assertEquals(model.length > 0, true);
            for (let i = 0; i < reads; i++) {
              const word = reader.peek();
              assertEquals(word < 0, model.length === 0);
              if (word < 0) break;
              reader.take(word);
              assertEquals(cells.get(word + FRAME_TOPIC), model.shift()!);
              reader.finish(word, true);
            }
            reader.release();
          }
          assertEquals(
            cells.get(place.words + RING_EVENTS) - cells.get(place.words + RING_HANDLED),
            model.length,
          );
        },
      ),
    );
  });

  it("moves its head over what is done only", () => {
    const cells = createCells();
    const writer = new RingWriter(cells, PLACE);
    const reader = new RingReader(cells, PLACE);
    for (let i = 0; i < 3; i++) {
      writer.claim(32);
      writer.commit(32, true);
    }
    writer.publish();
    const words = [0, 1, 2].map(() => {
      const word = reader.peek();
      reader.take(word);
      reader.start(word);
      return word;
    });
    const head = () => cells.get(PLACE.words + RING_HEAD);
    reader.finish(words[1], true);
    assertEquals([reader.release(), head()], [false, 0]);
    reader.finish(words[0], true);
    assertEquals([reader.release(), head()], [true, 64]);
    reader.finish(words[2], true);
    assertEquals([reader.release(), head()], [true, 96]);
  });
});

describe("a ring writer", () => {
  it("gives nobody room while what must come first still waits", () => {
    const writer = new RingWriter(createCells(), PLACE);
    assertEquals(writer.hasRoom(8), true);
    let waits = true;
    writer.hold(() => waits);
    assertEquals([writer.hasRoom(8), writer.hasRoom(8)], [false, false]);
    waits = false;
    assertEquals(writer.hasRoom(8), true);
    writer.hold(undefined);
    assertEquals(writer.hasRoom(PLACE.capacity), true);
  });

  it("counts what has come first: a frame behind it may need a gap, for which there is no room", () => {
    const cells = createCells();
    const writer = new RingWriter(cells, PLACE);
    const reader = new RingReader(cells, PLACE);
    const put = (size: number) => {
      writer.claim(size);
      writer.commit(size, true);
      writer.publish();
    };
    const quarter = PLACE.capacity / 4;
    // Three quarters that are not read but for the first bytes: the last quarter is free.
    for (const size of [64, quarter - 64, quarter, quarter]) put(size);
    const first = reader.peek();
    reader.take(first);
    reader.finish(first, true);
    reader.release();
    writer.hold(() => {
      writer.hold(undefined);
      assertEquals(writer.hasRoom(64), true);
      put(64);
      return false;
    });
    assertEquals(writer.hasRoom(quarter), false);
    assertEquals(writer.hasRoom(quarter - 64), true);
  });
});

describe("a topic table", () => {
  it("numbers types, and goes on where a thread before has ended", () => {
    const cells = createCells();
    const table = new TopicTable(cells, LAYOUT, 1);
    const types = ["a", "order.paid", "ü.😀", "x".repeat(300)];
    assertEquals(types.map((type) => table.numberOf(type)), [0, 1, 2, 3]);
    assertEquals(types.map((type) => new TopicTable(cells, LAYOUT, 1).numberOf(type)), [
      0,
      1,
      2,
      3,
    ]);
    assertEquals(types.map((_, number) => readTopic(cells, LAYOUT, 1, number)), types);
    assertThrows(() => readTopic(cells, LAYOUT, 1, 4), FrameError, "topic 4");
    assertThrows(() => readTopic(cells, LAYOUT, 1, -1), FrameError);
    cells.set(LAYOUT.topics(1) + 1, 1e9);
    assertThrows(() => readTopic(cells, LAYOUT, 1, 0), FrameError, "does not fit");
  });

  it("is bounded in number and in text, and takes no broken text", () => {
    const table = new TopicTable(createCells(), LAYOUT, 0);
    for (let i = 0; i < TOPIC_LIMIT; i++) assertEquals(table.numberOf(`t${i}`), i);
    assertEquals(table.numberOf("more"), NO_TOPIC);
    assertEquals(table.numberOf("t5"), 5);
    const cells = createCells();
    const long = new TopicTable(cells, LAYOUT, 0);
    assertEquals(long.numberOf("x".repeat(65_537)), NO_TOPIC);
    assertEquals(long.numberOf("ü".repeat(40_000)), NO_TOPIC);
    assertEquals(long.numberOf("\ud800"), NO_TOPIC);
    assertEquals(cells.get(LAYOUT.node(0) + NODE_TOPICS), 0);
  });
});

/** Cells of which only the first may be read. */
class GuardedCells extends SharedCells {
  readonly #limit: number;

  constructor(buffer: SharedArrayBuffer, limit: number) {
    super(buffer);
    this.#limit = limit;
  }

  override get(index: number): number {
    if (index < 0 || index >= this.#limit) throw new RangeError(`over-read of word ${index}`);
    return super.get(index);
  }
}

function withoutMinusZero(data: unknown): unknown {
  if (data === undefined || data instanceof Uint8Array || typeof data === "string") return data;
  return JSON.parse(JSON.stringify(data));
}
