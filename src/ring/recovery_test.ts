import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SharedCells } from "../runtime/shared_cells.ts";
import { FLAG_EVENT, FLAG_NOTE } from "./frame.ts";
import { FrameEncoder } from "./frame_encoder.ts";
import { readData } from "./frame_event.ts";
import { Layout } from "./layout.ts";
import { unheardNotes } from "./recovery.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { NO_TOPIC } from "./topic_table.ts";

/** A ring, its reader, and a function that writes into it. */
function createRing() {
  const layout = new Layout(1, 1_024);
  const cells = new SharedCells(new SharedArrayBuffer(layout.bytes));
  const place = layout.ring(1, 0);
  const writer = new RingWriter(cells, place);
  const encoder = new FrameEncoder();
  const write = (data: unknown, kind: number) => {
    encoder.encode({ type: "a", data }, false, kind);
    encoder.write(cells, writer.claim(encoder.size), NO_TOPIC, 0);
    writer.commit(encoder.size, kind === FLAG_EVENT);
    writer.publish();
  };
  const notes = () => unheardNotes(cells, place).map((word) => readData(cells, word));
  return { reader: new RingReader(cells, place), write, notes };
}

/** Reads so many frames to their end. */
function read(reader: RingReader, count: number): void {
  for (let i = 0; i < count; i++) {
    const word = reader.peek();
    reader.take(word);
    reader.finish(word, true);
  }
}

describe("unheardNotes()", () => {
  it("finds the notes among the events that nobody has read", () => {
    const { reader, write, notes } = createRing();
    assertEquals(notes(), []);
    write("first", FLAG_NOTE);
    write("event", FLAG_EVENT);
    write("second", FLAG_NOTE);
    assertEquals(notes(), ["first", "second"]);
    read(reader, 2);
    assertEquals(notes(), ["second"]);
    read(reader, 1);
    assertEquals(notes(), []);
    reader.release();
    assertEquals(notes(), []);
  });
});
