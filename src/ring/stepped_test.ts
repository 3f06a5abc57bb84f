import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { FLAG_EVENT, FRAME_FLAGS, FRAME_HEADER } from "./frame.ts";
import {
  Layout,
  NODE_PARK,
  RING_EVENTS,
  RING_HANDLED,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
} from "./layout.ts";
import { announceSleep, stayAwake, wake } from "./park.ts";
import { finishForWriter, takeOverFromReader } from "./recovery.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { SharedCells } from "../runtime/shared_cells.ts";
import { interleave, type Program, seeded } from "./_stepped.ts";
import type { Cells } from "../runtime/shared_cells.ts";

const EVENTS = 7;
const SIZE = FRAME_HEADER + 8;
const LAYOUT = new Layout(1, 1024);
/** Room for three frames of four: the writer has to wait, and there are gaps. */
const PLACE = { ...LAYOUT.ring(0, 1), capacity: 128 };
const [WRITER, READER] = [LAYOUT.node(0), LAYOUT.node(1)];

/** What is broken on purpose. */
type Fault = "none" | "no recheck" | "publish first" | "no wake" | "head before done";

function writer(fault: Fault, isAlive: () => boolean = () => true): Program {
  return (cells) => {
    const ring = new RingWriter(cells, PLACE);
    for (let event = 1; event <= EVENTS && isAlive(); event++) {
      while (!ring.hasRoom(SIZE)) sleep(cells, WRITER, () => ring.hasRoom(SIZE), fault);
      const at = ring.claim(SIZE);
      if (fault === "publish first") {
        ring.commit(SIZE, true);
        ring.publish();
      }
      cells.set((at >> 2) + FRAME_FLAGS, FLAG_EVENT);
      cells.set((at >> 2) + 6, event);
      cells.set((at >> 2) + 7, -event);
      if (fault !== "publish first") {
        ring.commit(SIZE, true);
        ring.publish();
      }
      if (fault !== "no wake") wake(cells, READER);
    }
  };
}

function reader(fault: Fault, seen: { events: number[]; begun: number }): Program {
  return (cells) => {
    seen.events = [];
    seen.begun = 0;
    const ring = new RingReader(cells, PLACE);
    while (seen.events.length < EVENTS) {
      const word = ring.peek();
      if (word < 0) {
        sleep(cells, READER, () => ring.hasNext(), fault);
        continue;
      }
      ring.take(word);
      if (fault === "head before done") {
        ring.finish(word, true);
        ring.release();
        wake(cells, WRITER);
      }
      ring.start(word);
      const event = cells.get(word + 6);
      seen.begun = event;
      if (cells.get(word + 7) !== -event) throw new RangeError(`torn: ${event}`);
      if (fault !== "head before done") ring.finish(word, true);
      seen.events.push(event);
      ring.release();
      wake(cells, WRITER);
    }
  };
}

function sleep(cells: Cells, node: number, recheck: () => boolean, fault: Fault): void {
  announceSleep(cells, node);
  if (fault === "no recheck" || !recheck()) cells.wait(node + NODE_PARK, 1, Infinity);
  stayAwake(cells, node);
}

/** Memory whose positions wrap after the first frames. */
function createMemory(): Int32Array {
  const words = new Int32Array(LAYOUT.bytes / 4);
  for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) words[PLACE.words + word] = -64;
  return words;
}

function run(seed: number, fault: Fault): { finished: boolean; events: number[] } {
  const seen = { events: [] as number[], begun: 0 };
  const programs = [writer(fault), reader(fault, seen)];
  const { finished } = interleave(createMemory(), programs, { random: seeded(seed) });
  return { finished, events: seen.events };
}

const EXPECTED = Array.from({ length: EVENTS }, (_, index) => index + 1);

describe("a ring, stepped through interleavings", () => {
  it("loses nothing, reorders nothing, and nobody sleeps for ever", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        assertEquals(run(seed, "none"), { finished: true, events: EXPECTED });
      }),
      { numRuns: 150 },
    );
  });

  for (const fault of ["no recheck", "publish first", "no wake", "head before done"] as const) {
    it(`shows the fault: ${fault}`, () => {
      let failures = 0;
      for (let seed = 0; seed < 1_000 && failures === 0; seed++) {
        try {
          const { finished, events } = run(seed, fault);
          if (!finished || String(events) !== String(EXPECTED)) failures++;
        } catch {
          failures++;
        }
      }
      assertEquals(failures > 0, true);
    });
  }

  it("names what a reader had begun when it died, wherever that was", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 6, max: 120 }), (seed, after) => {
        const seen = { events: [] as number[], begun: 0 };
        const words = createMemory();
        const random = seeded(seed);
        // The writer ends where its ring is full, as nobody reads any more.
        interleave(words, [writer("none"), reader("none", seen)], {
          random,
          killed: { actor: 1, after },
        });
        const cells = cellsOf(words);
        const { ready, started } = takeOverFromReader(cells, PLACE);
        const eventOf = (word: number) => words[word + 6];
        const written = words[PLACE.words + RING_EVENTS];
        const handled = words[PLACE.words + RING_HANDLED];
        assertEquals(handled + started.length + ready.length, written);
        const rest = [...started, ...ready].map(eventOf);
        assertEquals(rest, EXPECTED.slice(handled, written));
        assertEquals(started.length <= 1, true);
        // What had ended is not handed on; what had begun is named, unless its end was marked.
        if (started.length === 1) assertEquals(eventOf(started[0]), seen.events.length + 1);
        assertEquals(handled === seen.events.length || handled === seen.events.length + 1, true);
      }),
      { numRuns: 150 },
    );
  });

  it("keeps each event that a writer had completed when it died", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 60 }), (seed, after) => {
        const seen = { events: [] as number[], begun: 0 };
        const words = createMemory();
        interleave(words, [writer("none"), reader("none", seen)], {
          random: seeded(seed),
          killed: { actor: 0, after },
        });
        finishForWriter(cellsOf(words), PLACE);
        const { ready, started } = takeOverFromReader(cellsOf(words), PLACE);
        const rest = [...started, ...ready].map((word) => words[word + 6]);
        const all = [...seen.events, ...rest];
        assertEquals(all, EXPECTED.slice(0, all.length));
        assertEquals(words[PLACE.words + RING_EVENTS], all.length);
      }),
      { numRuns: 150 },
    );
  });
});

function cellsOf(words: Int32Array): SharedCells {
  return new SharedCells(words.buffer as unknown as SharedArrayBuffer);
}
