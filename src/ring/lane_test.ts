import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { FLAG_EVENT, FRAME_FLAGS, FRAME_HEADER } from "./frame.ts";
import {
  createLanes,
  freeLane,
  isAccepted,
  LANE_END,
  LANE_OWNER,
  type Lanes,
  LANES_OPEN,
  LANES_SEALED,
  leaveLane,
  OWNER_LEFT,
  OWNER_LIVE,
  OWNER_NONE,
  sealLanes,
  takeLane,
} from "./lane.ts";
import {
  HEADER_STATE,
  Layout,
  NODE_PARK,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
} from "./layout.ts";
import { announceSleep, stayAwake, wake } from "./park.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { interleave, type Program, seeded } from "./_stepped.ts";
import type { Cells } from "../runtime/shared_cells.ts";

const EVENTS = 3;
const SIZE = FRAME_HEADER + 8;
const LAYOUT = new Layout(1, 1024);
/** Room for three frames of four: owners have to wait, and there are gaps. */
const PLACE = { ...LAYOUT.ring(0, 1), capacity: 128 };
const [HOME, LANE] = [LAYOUT.node(0), LAYOUT.node(1)];
/** Words of home that no code uses: owners say in them that they are through. */
const THROUGH = HOME + 70;

/** What is broken on purpose. */
type Fault = "none" | "no exchange" | "judge first" | "end first" | "leave first";

/** What the actors have seen. */
interface Seen {
  accepted: number[];
  handled: number[];
}

function take(lanes: Lanes, fault: Fault): number {
  if (fault !== "no exchange") return takeLane(lanes);
  if (lanes.cells.load(LANE + LANE_OWNER) !== OWNER_NONE) return 0;
  lanes.cells.store(LANE + LANE_OWNER, OWNER_LIVE);
  return 1;
}

/** Takes the lane if it can be had soon, writes events, and leaves. */
function owner(number: number, fault: Fault, seen: Seen[]): Program {
  return (cells) => {
    const mine = seen[number] = { accepted: [] as number[], handled: [] };
    let lane = 0;
    for (let tries = 0; tries < 12 && lane === 0; tries++) {
      lane = take({ cells, layout: LAYOUT }, fault);
    }
    if (lane !== 0) write(cells, number, fault, mine.accepted);
    cells.store(THROUGH + number, 1);
    wake(cells, HOME);
  };
}

function write(cells: Cells, number: number, fault: Fault, accepted: number[]): void {
  const ring = new RingWriter(cells, PLACE);
  for (let event = 1; event <= EVENTS; event++) {
    const isOver = () => ring.hasRoom(SIZE) || cells.load(HEADER_STATE) !== LANES_OPEN;
    while (!isOver()) sleep(cells, LANE, isOver);
    if (!ring.hasRoom(SIZE)) break;
    const at = ring.claim(SIZE) >> 2;
    cells.set(at + FRAME_FLAGS, FLAG_EVENT);
    cells.set(at + 6, number * 10 + event);
    ring.commit(SIZE, true);
    const judgement = fault === "judge first" && isAccepted(cells, LANE, 0);
    if (fault === "leave first" && event === EVENTS) leaveLane(cells, LANE);
    const position = ring.publish();
    wake(cells, HOME);
    if (!judgement && !isAccepted(cells, LANE, position)) break;
    accepted.push(number * 10 + event);
  }
  if (fault !== "leave first") leaveLane(cells, LANE);
  wake(cells, HOME);
}

/** Reads `count` events, or until nobody writes any more, then seals the lane and reads the rest. */
function home(count: number, fault: Fault, seen: Seen[]): Program {
  return (cells) => {
    const { handled } = seen[0] = { accepted: [], handled: [] as number[] };
    const ring = new RingReader(cells, PLACE);
    const isThrough = () => cells.load(THROUGH + 1) + cells.load(THROUGH + 2) === 2;
    for (let isSealed = false;;) {
      const left = cells.load(LANE + LANE_OWNER) === OWNER_LEFT;
      const wasThrough = isThrough();
      const word = ring.peek();
      if (word >= 0) {
        ring.take(word);
        handled.push(cells.get(word + 6));
        ring.finish(word, true);
        ring.release();
        wake(cells, LANE);
      } else if (left) freeLane(cells, LANE);
      else if (isSealed) return;
      else if (!wasThrough && handled.length < count) {
        sleep(cells, HOME, () => ring.hasNext() || isThrough() || hasLeft(cells));
      }
      if (!isSealed && (handled.length >= count || wasThrough)) {
        isSealed = true;
        seal(cells, ring, fault);
        wake(cells, LANE);
      }
    }
  };
}

function seal(cells: Cells, ring: RingReader, fault: Fault): void {
  if (fault !== "end first") return sealLanes({ cells, layout: LAYOUT }, () => ring.seal());
  cells.store(LANE + LANE_END, ring.seal());
  cells.store(HEADER_STATE, LANES_SEALED);
}

function hasLeft(cells: Cells): boolean {
  return cells.load(LANE + LANE_OWNER) === OWNER_LEFT;
}

function sleep(cells: Cells, node: number, recheck: () => boolean): void {
  announceSleep(cells, node);
  if (!recheck()) cells.wait(node + NODE_PARK, 1, Infinity);
  stayAwake(cells, node);
}

/** Whether all ended, each accepted event was handled once, in order, and nothing else was. */
function holds(seed: number, fault: Fault): boolean {
  const words = new Int32Array(LAYOUT.bytes / 4);
  for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) words[PLACE.words + word] = -64;
  const seen: Seen[] = [];
  const count = 1 + (seed >>> 0) % (2 * EVENTS);
  const programs = [home(count, fault, seen), owner(1, fault, seen), owner(2, fault, seen)];
  const { finished } = interleave(words, programs, { random: seeded(seed) });
  const [{ handled }, first, second] = seen;
  const byOwner = (number: number) => handled.filter((event) => Math.floor(event / 10) === number);
  return finished && handled.length === first.accepted.length + second.accepted.length &&
    String(byOwner(1)) === String(first.accepted) && String(byOwner(2)) === String(second.accepted);
}

describe("the memory of lanes", () => {
  it("lets all positions begin shortly before they wrap", () => {
    const capacity = 1_024;
    const { cells, layout } = createLanes(3, capacity);
    for (const lane of [1, 2, 3]) {
      const { words } = layout.ring(0, lane);
      for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) {
        assertEquals(cells.get(words + word) >>> 0, 2 ** 32 - 2 * capacity);
      }
    }
  });
});

describe("a lane, stepped through interleavings", () => {
  it("has one owner at a time, and home reads just what it accepts", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => assertEquals(holds(seed, "none"), true)),
      { numRuns: 150 },
    );
  });

  for (const fault of ["no exchange", "judge first", "end first", "leave first"] as const) {
    it(`shows the fault: ${fault}`, () => {
      let isShown = false;
      for (let seed = 0; seed < 1_000 && !isShown; seed++) {
        try {
          isShown = !holds(seed, fault);
        } catch {
          isShown = true;
        }
      }
      assertEquals(isShown, true);
    });
  }
});
