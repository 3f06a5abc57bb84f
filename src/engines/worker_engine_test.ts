import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { createEventIterator } from "../core/event_iterator.ts";
import { FLAG_NOTE } from "../ring/frame.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import {
  NODE_FAILED,
  NODE_STOP,
  NODE_UNWANTED,
  RING_HANDLED,
  RING_HEAD,
  RING_HEARD,
} from "../ring/layout.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { HOME } from "./mesh.ts";
import { engineOfThread } from "./testdata/engine_of_thread.ts";
import { turn } from "./testdata/waits.ts";
import type { BusEvent } from "../core/event.ts";

describe("the engine of a thread", () => {
  it("stands not still before it serves: its module may wait for a timer", async () => {
    const { engine, mesh: { cells } } = engineOfThread({ park: "block" });
    let waits = 0;
    cells.wait = () => void waits++;
    engine.outbox.awaitRoom();
    for (let i = 0; i < 5; i++) await turn();
    engine.answer();
    await turn();
    assertEquals(waits, 0);
  });

  it("stands not still when it is to stop: its module may wait for a timer at its end", async () => {
    const { engine, mesh: { cells, words } } = engineOfThread({ park: "block" });
    let waits = 0;
    cells.wait = () => {
      waits++;
      cells.store(words + NODE_STOP, 1);
    };
    await new Promise<void>((resolve) => engine.start(resolve));
    for (let i = 0; i < 5; i++) await turn();
    engine.answer();
    await turn();
    assertEquals(waits, 1);
  });

  it("waits for no answer when it is to stop before it serves: others may hear of nothing", async () => {
    const { engine, mesh: { cells, words } } = engineOfThread({});
    engine.listen();
    const { ready } = engine.core.on("a", () => {});
    for (let i = 0; i < 5; i++) await turn();
    cells.store(words + NODE_STOP, 1);
    // As what wakes it does.
    engine.listen();
    await ready;
    engine.answer();
    await turn();
  });

  it("counts what it emits and nobody wants, as nobody else knows of it", async () => {
    const { engine, mesh: { cells, words }, emitThere } = engineOfThread({});
    engine.notes.hear(HOME, ["welcome", 1]);
    engine.notes.hear(HOME, ["serving", 0]);
    engine.notes.serve();
    emitThere("unwanted");
    await engine.queue.enqueue({ type: "unwanted", data: undefined });
    assertEquals(cells.load(words + NODE_UNWANTED), 2);
    engine.answer();
    await turn();
  });

  it("gives up an emit that waits for room when it is to stop", async () => {
    const { engine, mesh: { cells, words }, emitThere } = engineOfThread({
      blockTimeout: 60_000,
    });
    engine.notes.serve();
    let waits = 0;
    cells.wait = () => {
      waits++;
      cells.store(words + NODE_STOP, 1);
    };
    assertThrows(
      () => {
        for (;;) emitThere("fill", new Uint8Array(500));
      },
      BusClosedError,
      "Cannot wait for room in a ring as the bus is closed",
    );
    assertEquals(waits, 1);
    engine.answer();
    await turn();
  });

  it("takes no event before everything is subscribed, though it waits for room", async () => {
    const { engine, emit, emitThere, read } = engineOfThread({ overflow: "error" });
    engine.notes.serve();
    assertThrows(() => {
      for (;;) emitThere("fill", new Uint8Array(500));
    }, QueueFullError);
    const accepted = engine.queue.enqueue({ type: "fill", data: new Uint8Array(500) });
    emit("early", 1);
    read();
    await accepted;
    const handled = new Promise((resolve) => engine.core.on("early", ({ data }) => resolve(data)));
    engine.start(() => {});
    assertEquals(await handled, 1);
    engine.answer();
  });

  it("hears what others tell behind its first event before that", async () => {
    const { engine, home, emit } = engineOfThread({});
    engine.notes.hear(HOME, ["welcome", 1]);
    const heard = home.layout.ring(HOME, 1).words + RING_HEARD;
    const hasHeard = new Promise((resolve) => {
      engine.core.on("first", () => resolve(home.cells.load(heard)));
    });
    emit("first", 1);
    const encoder = new FrameEncoder();
    encoder.encode({ type: "note", data: ["on", 7, "b", false] }, false, FLAG_NOTE);
    const writer = home.writers[1]!;
    encoder.write(home.cells, writer.claim(encoder.size), -1, 0);
    writer.commit(encoder.size, false);
    home.publish(1);
    engine.start(() => {});
    assertEquals(await hasHeard, 7);
    engine.answer();
    await turn();
  });

  it("lets the event loop have a turn every 1 024 events", async () => {
    const { engine, emit } = engineOfThread({}, 2 ** 18);
    let handled = 0;
    const atTurn = new Promise((resolve) => {
      engine.core.on("a", () => {
        if (++handled === 1) scheduleMacrotask(() => resolve(handled));
      });
    });
    for (let n = 0; n < 3_000; n++) emit("a", n);
    engine.start(() => {});
    assertEquals(await atTurn, 1_024);
    engine.answer();
    await turn();
  });

  it("accepts an enqueue() that waits for room though the bus drains meanwhile", async () => {
    const { engine, emitThere, read } = engineOfThread({ overflow: "error" });
    engine.notes.serve();
    assertThrows(() => {
      for (;;) emitThere("fill", new Uint8Array(500));
    }, QueueFullError);
    const accepted = engine.queue.enqueue({ type: "late", data: new Uint8Array(500) });
    engine.core.seal("draining");
    read();
    engine.queue.serve(false);
    await accepted;
    assertEquals(read(), ["late"]);
    engine.answer();
  });

  it("keeps an event in its ring until its promises have settled, and its data for good", async () => {
    const { engine, home: { cells, layout }, emit } = engineOfThread({});
    const { words, data } = layout.ring(HOME, 1);
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<BusEvent>();
    engine.core.on("slow", (event) => {
      begun.resolve(event);
      return gate.promise;
    });
    engine.start(() => {});
    const before = cells.load(words + RING_HEAD);
    emit("slow", "its data");
    const event = await begun.promise;
    await turn();
    assertEquals([cells.load(words + RING_HEAD), cells.load(words + RING_HANDLED)], [before, 0]);
    gate.resolve();
    while (cells.load(words + RING_HEAD) === before) await turn();
    assertEquals(cells.load(words + RING_HANDLED), 1);
    // Another event stands there later.
    cells.bytes.fill(0, data, data + 128);
    assertEquals(event.data, "its data");
    engine.answer();
    await turn();
  });

  it("waits for a promise, and tells what it rejects with, though a codec takes no data", async () => {
    const { engine, emit, read } = engineOfThread({
      valueCodec: {
        encode: () => new Uint8Array(),
        decode() {
          throw new RangeError("no data");
        },
      },
    });
    engine.notes.serve();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    engine.core.on("slow", async () => {
      await gate.promise;
      order.push("slow");
      throw new TypeError("late");
    });
    const handled = new Promise<void>((resolve) => {
      engine.core.on("next", () => {
        order.push("next");
        resolve();
      });
    });
    emit("slow", {});
    emit("next", 1);
    read();
    engine.start(() => {});
    await turn();
    await turn();
    gate.resolve();
    await handled;
    assertEquals(order, ["slow", "next"]);
    assertEquals(engine.core.ledger.failed, 2);
    engine.answer();
  });

  it("gives every handler the error of a codec that takes no data, and asks it once", async () => {
    let calls = 0;
    const { engine, emit, read } = engineOfThread({
      valueCodec: {
        encode: () => new Uint8Array(),
        decode() {
          calls++;
          throw new RangeError("no data");
        },
      },
    });
    engine.notes.serve();
    const seen: string[] = [];
    const touch = (who: string, event: BusEvent) => {
      try {
        void event.data;
      } catch (error) {
        seen.push(`${who}: ${(error as Error).message}`);
      }
    };
    engine.core.on("a", async (event) => {
      await turn();
      touch("the first, later", event);
    });
    engine.core.on("a", (event) => touch("the second, at once", event));
    emit("a", {});
    read();
    engine.start(() => {});
    while (seen.length < 2) await turn();
    assertEquals(seen, ["the second, at once: no data", "the first, later: no data"]);
    // The second has got it: nobody else is to be told.
    assertEquals([calls, engine.core.ledger.failed], [1, 0]);
    engine.answer();
    await turn();
  });

  it("prints the first failure of a subscription that it has no room to tell", async () => {
    const { engine, emit, emitThere } = engineOfThread({ overflow: "error" });
    engine.notes.serve();
    engine.core.on("a", ({ data }) => {
      throw new RangeError(`${data}`);
    });
    assertThrows(() => {
      for (;;) emitThere("fill");
    }, QueueFullError);
    const printed: unknown[] = [];
    const { error } = console;
    console.error = (line: string, { message }: Error) => void printed.push([line, message]);
    try {
      engine.start(() => {});
      for (let i = 0; i < 3; i++) emit("a", i);
      for (let i = 0; i < 100 && engine.core.ledger.failed < 3; i++) await turn();
    } finally {
      console.error = error;
    }
    assertEquals([printed, engine.core.ledger.failed], [[["A handler of 'a' failed:", "0"]], 3]);
    engine.answer();
    await turn();
  });

  it("tells how many events an iterator of it had no room for", async () => {
    const { engine, mesh: { cells, words }, emit } = engineOfThread({});
    createEventIterator(engine.core, "a", { capacity: 1, overflow: "drop-newest" });
    engine.notes.serve();
    engine.start(() => {});
    for (let i = 0; i < 3; i++) emit("a", i);
    for (let i = 0; i < 100 && engine.core.ledger.failed < 2; i++) await turn();
    assertEquals(cells.load(words + NODE_FAILED), 2);
    engine.answer();
    await turn();
  });
});
