import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError, ThreadFailedError } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
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
