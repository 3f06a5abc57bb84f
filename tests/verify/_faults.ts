/** What must be found wrong when it is broken: a line of the source, and what it becomes. */
export interface Fault {
  name: string;
  file: string;
  line: string;
  broken: string;
  /** Arguments of the torture that must catch it. */
  torture: string[];
}

const PING = ["ping", "2000"];
const DEATHS = ["torture", "2", "2000", "80", "0"];
const CALM = ["torture", "1", "5000", "0", "0"];
const ANSWERS = ["answers", "500"];
const LANES = ["lanes", "1", "6", "0", "0"];

/** The faults, each with the torture that must catch it. */
export const FAULTS: Fault[] = [
  {
    name: "nobody wakes who sleeps",
    file: "src/ring/park.ts",
    line: "if (cells.load(node + NODE_PARK) === 0) return;",
    broken: "if (cells.load(node + NODE_PARK) !== 0) return;",
    torture: PING,
  },
  {
    name: "what had begun is begun again",
    file: "src/ring/recovery.ts",
    line: 'left[mark === MARK_READY ? "ready" : "started"].push(word);',
    broken: "left.ready.push(word), cells.set(word + FRAME_MARK, MARK_READY);",
    torture: DEATHS,
  },
  {
    name: "a dead thread's rings begin anew",
    file: "src/ring/ring_reader.ts",
    line: "cells.load(words + RING_HEAD);",
    broken: "cells.load(words + RING_PUBLISHED);",
    torture: DEATHS,
  },
  {
    name: "notes to a dead thread are heard by the next",
    file: "src/engines/notes.ts",
    line: "this.#isWelcome.push(mesh.self === HOME);",
    broken: "this.#isWelcome.push(true);",
    torture: ["torture", "2", "3000", "30", "0"],
  },
  {
    name: "a writer forgets the gap before the end",
    file: "src/ring/ring_writer.ts",
    line: "const need = left < size ? left + size : size;",
    broken: "const need = size;",
    torture: CALM,
  },
  {
    name: "an event overtakes a note",
    file: "src/ring/ring_writer.ts",
    line: "if (this.#isHeld?.()) return false;",
    broken: "",
    torture: ANSWERS,
  },
  {
    name: "the head passes what is not done",
    file: "src/ring/ring_reader.ts",
    line: "if (this.#open === 0) head = this.#next;",
    broken: "if (this.#open >= 0) head = this.#next;",
    torture: DEATHS,
  },
  {
    name: "a lane is taken that somebody has",
    file: "src/ring/lane.ts",
    line: "if (cells.compareExchange(owner, OWNER_NONE, OWNER_LIVE) === OWNER_NONE) return lane;",
    broken: "if (cells.compareExchange(owner, OWNER_NONE, OWNER_LIVE) >= OWNER_NONE) return lane;",
    torture: LANES,
  },
  {
    name: "an event of a lane stays in the books of the lane",
    file: "src/engines/lane_host.ts",
    line: "core.ledger.emitted--;",
    broken: "",
    torture: LANES,
  },
  {
    name: "what a dead writer had not published is lost",
    file: "src/ring/recovery.ts",
    line: "cells.store(words + RING_PUBLISHED, written);",
    broken: "",
    torture: ["writers", "1", "20", "0"],
  },
  {
    name: "a writer takes room that it does not have",
    file: "src/ring/ring_writer.ts",
    line: "return need <= this.#mask + 1 - ((this.#tail - this.#head) | 0);",
    broken: "return true;",
    torture: ["flood", "200000"],
  },
  {
    name: "a thread that has served counts as one that does not start",
    file: "src/engines/supervisor.ts",
    line: "one.failures = one.generation - generation - 1;",
    broken: "",
    torture: ["poison", "12"],
  },
  {
    name: "the memory of a closed bus is kept",
    file: "src/engines/home_engine.ts",
    line: "this.#idle.end();",
    broken: "this.#idle.end(), Object.assign(globalThis, { [Math.random()]: this });",
    torture: ["lives", "12"],
  },
  {
    name: "types are remembered for ever",
    file: "src/core/resolution_cache.ts",
    line: "if (this.#weight > GENERATION) this.forget();",
    broken: "if (this.#weight > GENERATION ** 3) this.forget();",
    torture: ["types", "130000"],
  },
  {
    name: "a thread with nothing to do spins",
    file: "src/engines/idle.ts",
    line: "if (!this.#hasYielded) {",
    broken: "if (!this.#hasEnded) {",
    torture: ["rest", "1000"],
  },
];
