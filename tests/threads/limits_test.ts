import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError, ThreadFailedError } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { currentColumn } from "../runtimes/_table.ts";
import { collect, startWorker, withBus } from "./_buses.ts";

describe("'maxRestarts'", () => {
  for (const maxRestarts of [0, 2]) {
    it(`starts a thread that does not serve once, and ${maxRestarts} times again`, async () => {
      let started = 0;
      const handlers = () => {
        started++;
        return startWorker("fails");
      };
      await withBus("fails", { handlers, threads: 1, maxRestarts, onError() {} }, async (bus) => {
        await assertRejects(() => bus.ready, ThreadFailedError);
        assertEquals(started, 1 + maxRestarts);
      });
    });
  }

  for (
    const [name, reason] of [
      ["swallows", "cannot serve"],
      ["exits", undefined],
      // A browser's thread does not end so.
      ...(currentColumn() === "chromium" ? [] : [["exits_early", undefined] as const]),
    ] as const
  ) {
    it(`counts a thread that does not come to serve, as its module ${name}`, async () => {
      await withBus(name, { threads: 1, maxRestarts: 1, onError() {} }, async (bus) => {
        bus.emit("a");
        const error = await assertRejects(() => bus.ready, ThreadFailedError);
        if (reason !== undefined) {
          assertEquals(String((error as Error).cause), `RangeError: ${reason}`);
        }
        await bus.drain();
        assertEquals(bus.stats().dropped, 1);
      });
    });
  }
});

describe("an event without a key", () => {
  it("goes to a thread that has room while the ring of another is full", async () => {
    // So large that what threads tell each other of their subscriptions never fills a ring.
    const options = { capacity: 16_384, overflow: "error", onDrop() {} } as const;
    await withBus("kinds", options, async (bus) => {
      await bus.ready;
      const keys = ["a", "b"].toSorted((one, other) => fnv1a(one) % 2 - fnv1a(other) % 2);
      assertEquals(keys.map((key) => fnv1a(key) % 2), [0, 1]);
      const [key] = keys;
      const held = collect(bus, "held", 1);
      bus.emit({ type: "hold", data: 1_000, key: key! });
      await held;
      let answered = Promise.withResolvers<void>();
      bus.on("answer.*", () => answered.resolve());
      const data = "x".repeat(200);
      assertThrows(() => {
        for (;;) bus.emit({ type: "keyed", data, key: key! });
      }, QueueFullError);
      for (let i = 0; i < 4; i++) {
        answered = Promise.withResolvers();
        bus.emit("ask", data);
        await answered.promise;
      }
    });
  });
});

describe("drain() of a bus with threads", () => {
  it("has a thread refuse what a handler emits after its first await", async () => {
    const names: unknown[] = [];
    const onError = (error: unknown) => names.push((error as Error).name);
    await withBus("tireless", { threads: 1, onError }, async (bus) => {
      const goesOn = collect(bus, "going on", 2);
      bus.emit("begin");
      await goesOn;
      await bus.drain();
      assertEquals(names, ["BusClosedError"]);
      const { emitted, processed, dropped, depth } = bus.stats();
      assertEquals([processed + dropped, depth], [emitted, 0]);
    });
  });
});

describe("'concurrency'", () => {
  it("is 1 in a thread unless told otherwise", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      for (let i = 0; i < 6; i++) bus.emit("overlap", i);
      const seen = collect(bus, "seen", 1);
      while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      bus.emit("overlapped");
      assertEquals(await seen, [{ most: 1, order: [0, 1, 2, 3, 4, 5] }]);
    });
  });

  it("is 256 at home unless told otherwise", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      await bus.ready;
      const gate = Promise.withResolvers<void>();
      let begun = 0;
      bus.on("here", () => {
        begun++;
        return gate.promise;
      });
      for (let i = 0; i < 300; i++) bus.emit("here");
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(begun, 256);
      gate.resolve();
      await bus.drain();
      assertEquals(begun, 300);
    });
  });
});

describe("an emit that throws as the threads that want its event have failed", () => {
  it("has gone nowhere, not even to handlers at home", async () => {
    let started = 0;
    const handlers = () => startWorker(++started === 1 ? "patient" : "fails_subscribed");
    const options = { handlers, maxRestarts: 0, onError() {} };
    await withBus("patient", options, async (bus) => {
      await assertRejects(() => bus.ready, ThreadFailedError);
      // By then the other one has said that it does not subscribe it.
      const answer = collect(bus, "answer", 1);
      bus.emit("ask");
      await answer;
      let handled = 0;
      bus.on("told", () => handled++);
      const { emitted } = bus.stats();
      assertThrows(() => bus.emit("told"), ThreadFailedError);
      assertEquals(bus.stats().emitted, emitted);
      await bus.drain();
      assertEquals(handled, 0);
    });
  });
});

describe("a bus of which one thread has failed", () => {
  it("goes on with what the other one and home subscribe", async () => {
    let started = 0;
    // The second one never serves.
    const handlers = () => startWorker(++started === 1 ? "kinds" : "fails");
    const options = { handlers, maxRestarts: 0, onError() {} };
    await withBus("kinds", options, async (bus) => {
      const error = await assertRejects(() => bus.ready, ThreadFailedError);
      assertEquals((error as ThreadFailedError).index, 1);
      const seen = collect(bus, "answer.*", 4);
      for (let i = 0; i < 4; i++) bus.emit("ask");
      assertEquals(await seen, Array(4).fill([0, 2]));
      let handled = 0;
      bus.on("here", () => handled++);
      for (let i = 0; i < 4; i++) bus.emit("here");
      await bus.drain();
      assertEquals(handled, 4);
    });
  });
});
