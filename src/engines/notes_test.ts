import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError } from "../core/errors.ts";
import { Registry } from "../core/registry.ts";
import { Resolution } from "../core/resolution.ts";
import { NODE_DROPPED, NODE_WANTS_ROOM, RING_HEARD } from "../ring/layout.ts";
import { releaseDone } from "../ring/recovery.ts";
import { createMesh, HOME, joinMesh } from "./mesh.ts";
import { Notes, reportError, reviveError } from "./notes.ts";
import { Outbox } from "./outbox.ts";
import { Routes } from "./routes.ts";
import { engineOfThread, readFrames } from "./testdata/engine_of_thread.ts";
import { turn } from "./testdata/waits.ts";
import type { Mesh } from "./mesh.ts";
import type { Note } from "./notes.ts";
import type { OutboxOptions } from "./outbox.ts";
import type { WorkerEngine } from "./worker_engine.ts";

/** The smallest ring: four of the largest frames fit in. */
const CAPACITY = 1_024;
/** Bytes of an event without data, and a size that no note has. */
const EVENT = 24;
const LESS_THAN_A_NOTE = 48;

/** A thread that has said all that it subscribes, and whose ring home has room for one event, no note. */
function fullThread(overflow: OutboxOptions["overflow"]) {
  const thread = engineOfThread({ overflow }, CAPACITY);
  const { engine, mesh, emitThere, read } = thread;
  engine.notes.greet();
  engine.notes.serve();
  read();
  const writer = mesh.writers[HOME]!;
  while (writer.hasRoom(CAPACITY / 4)) emitThere("fill", new Uint8Array(200));
  while (writer.hasRoom(LESS_THAN_A_NOTE)) emitThere("fill");
  assert(writer.hasRoom(EVENT));
  return thread;
}

const NOTE = ["on", 1, "answer", false];

async function end(engine: WorkerEngine): Promise<void> {
  engine.answer();
  await turn();
}

describe("a note that finds no room", () => {
  it("is overtaken by no event: with 'overflow' \"error\" that is refused", async () => {
    const { engine, emitThere, read } = fullThread("error");
    engine.core.on("answer", () => {});
    assertThrows(() => emitThere("ask"), QueueFullError, "as a ring is full");
    read();
    emitThere("ask");
    assertEquals(read(), [NOTE, "ask"]);
    await end(engine);
  });

  it('is overtaken by no event: with "drop-newest" that is dropped', async () => {
    const { engine, mesh: { cells, words }, emitThere, read } = fullThread("drop-newest");
    engine.core.on("answer", () => {});
    emitThere("ask");
    assertEquals(cells.load(words + NODE_DROPPED), 1);
    read();
    emitThere("ask");
    assertEquals(read(), [NOTE, "ask"]);
    await end(engine);
  });

  it("goes while an emit waits for room behind it", async () => {
    const { engine, mesh: { cells }, emitThere, read } = fullThread("block");
    engine.core.on("answer", () => {});
    cells.wait = () => void read();
    emitThere("ask");
    assertEquals(read(), [NOTE, "ask"]);
    await end(engine);
  });

  it("goes before an enqueue() that waits behind it", async () => {
    const { engine, emitThere, read } = fullThread("error");
    engine.core.on("answer", () => {});
    const accepted = engine.queue.enqueue({ type: "ask", data: undefined });
    assertThrows(() => emitThere("impatient"), QueueFullError);
    read();
    await accepted;
    assertEquals(read(), [NOTE, "ask"]);
    await end(engine);
  });

  it("goes when there is room, though nothing follows it", async () => {
    const { engine, read } = fullThread("error");
    engine.core.on("answer", () => {});
    await turn();
    read();
    const seen: unknown[] = [];
    while (seen.length === 0) {
      await turn();
      seen.push(...read());
    }
    assertEquals(seen, [NOTE]);
    await end(engine);
  });
});

describe("a thread that hears of a subscription", () => {
  it("says so in a word: the ring to there may have no room until it has", async () => {
    const { engine, mesh: { cells, layout }, read } = fullThread("error");
    engine.notes.hear(HOME, ["on", 7, "a", false]);
    assertEquals(cells.load(layout.ring(HOME, 1).words + RING_HEARD), 7);
    read();
    await turn();
    assertEquals(read(), []);
    await end(engine);
  });
});

describe("an answer to the thread before", () => {
  it("makes no subscription ready of the one that has taken its place", async () => {
    const { engine: before, home } = engineOfThread({});
    const { cells, layout } = home;
    const hear = (id: number) => cells.store(layout.ring(1, HOME).words + RING_HEARD, id);
    const { ready } = before.core.on("a", () => {});
    hear(1);
    before.notes.flush();
    await ready;
    before.answer();
    const { engine } = engineOfThread({ generation: 2 }, undefined, home);
    let isReady = false;
    void engine.core.on("a", () => {}).ready.then(() => isReady = true);
    engine.notes.flush();
    await turn();
    assertEquals(isReady, false);
    hear(2);
    engine.notes.flush();
    await turn();
    assertEquals(isReady, true);
    await end(engine);
  });
});

describe("a note of a pattern that a frame just holds", () => {
  it("says what is subscribed: as one of all types it would take events of other threads", async () => {
    const { engine, read } = engineOfThread({}, CAPACITY);
    engine.notes.serve();
    read();
    const pattern = "a".repeat(CAPACITY / 4 - 52);
    engine.core.on(pattern, () => {});
    assertEquals(read(), [["on", 1, pattern, false]]);
    engine.core.on(`${pattern}aaaaaaaaa`, () => {});
    assertEquals(read(), [["on", 2, "**", false]]);
    await end(engine);
  });
});

describe("a note of a pattern that no frame holds", () => {
  it("says that all types are subscribed", async () => {
    const { engine, read } = engineOfThread({}, CAPACITY);
    engine.notes.serve();
    read();
    engine.core.on(`${"long.".repeat(60)}*`, () => {});
    assertEquals(read(), [["on", 1, "**", false]]);
    await end(engine);
  });
});

describe("a thread that has answered", () => {
  it("writes nothing any more, whatever its timers do", async () => {
    const { engine, mesh: { cells, words }, emitThere, read } = engineOfThread({});
    engine.notes.serve();
    const subscription = engine.core.on("a", () => {});
    const failing = Object.assign(engine.core.on("b", () => {}), { printed: true });
    engine.answer();
    read();
    cells.store(words + NODE_WANTS_ROOM, 0);
    subscription.unsubscribe();
    engine.core.fail(new Error("late"), { type: "b", data: 1 }, failing);
    assertThrows(() => emitThere("b"), Error, "the bus is closed");
    assertEquals([read(), cells.load(words + NODE_WANTS_ROOM)], [[], 0]);
    await turn();
  });
});

/** What a thread of several tells the others, and hears of them. */
function notesOf(mesh: Mesh, generation: number) {
  const routes = new Routes(mesh.layout.threads + 1, mesh.self);
  const outbox = new Outbox(mesh, routes, { overflow: "error", blockTimeout: 0 }, () => {});
  const notes = new Notes(mesh, routes, outbox, generation);
  notes.greet();
  const hear = (from: number) => {
    const read = readFrames(mesh, from) as Note[];
    for (const note of read) notes.hear(from, note);
    return read.length > 0;
  };
  const subscribe = (pattern: string, each: boolean) => {
    const registration = new Registry().add(pattern, () => {});
    registration.each = each;
    notes.add(registration);
    return registration;
  };
  const wants = (type: string) => routes.of(new Resolution(type));
  return { notes, hear, subscribe, wants };
}

describe("a thread that has greeted one which died before it answered", () => {
  it("greets the next in its place, and both know of each other what they subscribe", async () => {
    const home = createMesh(2, CAPACITY);
    const join = (self: number) => joinMesh(home.cells.words.buffer as SharedArrayBuffer, self);
    const one = notesOf(join(1), 1);
    notesOf(join(2), 1);
    // What the supervisor does for a dead reader: nobody hears its notes.
    releaseDone(home.cells, home.layout.ring(1, 2));
    const other = notesOf(join(2), 2);
    const talk = () => {
      while ([one.hear(2), other.hear(1)].includes(true));
    };
    other.subscribe("told", true);
    for (const { notes } of [one, other]) notes.serve();
    talk();
    assertEquals(one.wants("told").each, [2]);
    assertEquals(one.wants("untold").workers, []);
    const late = one.subscribe("late", false);
    one.notes.leave(HOME);
    talk();
    // As the next turn does.
    one.notes.flush();
    await late.readiness;
    assertEquals(other.wants("late").workers, [1]);
  });
});

describe("a subscription of a thread", () => {
  it("is ready when all others have heard of it, and not before", async () => {
    const { cells, layout } = createMesh(2, CAPACITY);
    const { notes, subscribe } = notesOf(joinMesh(cells.words.buffer as SharedArrayBuffer, 1), 1);
    const say = async (node: number) => {
      cells.store(layout.ring(1, node).words + RING_HEARD, 1);
      notes.flush();
      await turn();
    };
    let isReady = false;
    void subscribe("a", false).readiness!.then(() => isReady = true);
    for (const node of [HOME, 2]) notes.hear(node, ["welcome", 1]);
    await say(HOME);
    assertEquals(isReady, false);
    await say(2);
    assertEquals(isReady, true);
  });
});

describe("an error that crosses", () => {
  const odd = (fields: object) => Object.assign(new Error("odd"), fields);
  const unreadable = Object.defineProperty(new Error(), "message", {
    get() {
      throw new Error("no");
    },
  });
  for (
    const [error, name, message] of [
      [new RangeError("plain"), "RangeError", "plain"],
      ["text", "Error", "text"],
      [undefined, "Error", "undefined"],
      [odd({ message: 5n }), "Error", "5"],
      [odd({ message: undefined, name: undefined }), "undefined", "undefined"],
      [odd({ stack: Symbol("s") }), "Error", "odd"],
      [Object.create(null), "Error", "an error that cannot be read"],
      [unreadable, "Error", "an error that cannot be read"],
    ] as const
  ) {
    it(`is told whatever it is made of: ${name}, ${message}`, () => {
      const report = JSON.parse(JSON.stringify(reportError(error)));
      const revived = reviveError(report);
      assertEquals([revived.name, revived.message], [name, message]);
      assertEquals(typeof revived.stack, "string");
    });
  }

  it("is told though JSON has no form of its message", async () => {
    const { engine, emit, read } = engineOfThread({});
    engine.notes.serve();
    engine.core.on("a", () => {
      throw odd({ message: { value: 5n } });
    });
    engine.start(() => {});
    read();
    emit("a", 1);
    while (engine.core.ledger.failed === 0) await turn();
    assertEquals(read(), ["a"]);
    await end(engine);
  });
});
