import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CrashError } from "../../mod.ts";
import { collect, withBus } from "./_buses.ts";

describe("bus with threads", () => {
  it("hands each event to one thread, and what that emits to the thread of the bus", async () => {
    await withBus("echo", {}, async (bus) => {
      const sums = collect(bus, "sum", 1_000);
      for (let i = 0; i < 1_000; i++) bus.emit("add", i);
      const expected = Array.from({ length: 1_000 }, (_, i) => i + 1);
      assertEquals((await sums).toSorted((a, b) => Number(a) - Number(b)), expected);
    });
  });

  it("is served once by each thread: a second serve() is refused", async () => {
    await withBus("twice", { threads: 1 }, async (bus) => {
      await bus.ready;
      const told = collect(bus, "told", 1);
      bus.emit("ask");
      assertEquals(await told, ["TypeError: Cannot serve as the thread serves already"]);
    });
  });

  it("drain() resolves when all threads have handled what was emitted before", async () => {
    await withBus("echo", {}, async (bus) => {
      let sums = 0;
      bus.on("sum", () => sums++);
      for (let i = 0; i < 2_000; i++) bus.emit("add", i);
      await bus.drain();
      assertEquals(sums, 2_000);
      const { emitted, processed, dropped, depth } = bus.stats();
      assertEquals([emitted, dropped, depth], [processed, 0, 0]);
    });
  });

  it("close() reports what waits in the rings", async () => {
    await withBus("echo", {}, async (bus) => {
      await bus.ready;
      for (let i = 0; i < 100; i++) bus.emit("add", i);
      const { discarded, inDoubt, stuck } = await bus.close();
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([inDoubt, stuck, dropped], [0, 0, discarded]);
      assertEquals(emitted, processed + dropped);
    });
  });

  it("names an event that killed its thread, and goes on with the next one", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    await withBus("echo", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      const sums = collect(bus, "sum", 2);
      bus.emit("add", 1);
      bus.emit({ type: "die", id: "poison", data: undefined });
      bus.emit("add", 2);
      assertEquals(await sums, [2, 3]);
      await bus.drain();
      assertEquals(errors.length, 1);
      const [error] = errors;
      if (!(error instanceof CrashError)) throw error;
      assertEquals([error.type, error.id, error.crashes], ["die", "poison", 1]);
      const { inDoubt, dropped, depth } = bus.stats();
      assertEquals([inDoubt, dropped, depth], [1, 1, 0]);
    });
  });
});
