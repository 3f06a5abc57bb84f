import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type FlowOptions, forFlow } from "../../mod.ts";
import { attach, type LaneHandle, reclaim, share } from "../../src/engines/lanes.ts";
import { currentColumn } from "../runtimes/_table.ts";
import { CANNOT_END } from "./_buses.ts";
import { startProducer, withProducers } from "./_producers.ts";

const HERE = currentColumn();
/**
 * How a thread ends by itself. One of Bun cannot close itself, one of Node ends when it listens no
 * more, and one of a browser ends in no other way.
 */
const ENDS = (["leave", "exit", "throw", "reject", "close"] as const).filter((how) =>
  HERE === "chromium" ? how === "leave" || how === "close" : HERE !== "bun" || how !== "close"
);

/** Lets timers and messages have a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits until a lane can be taken, and gives it back. */
async function freeLane(handle: LaneHandle): Promise<void> {
  for (;;) {
    try {
      return attach(handle).close();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      await turn();
    }
  }
}

/** A flow bus that notes the data of its events, by type. */
function notingBus(options: FlowOptions = {}) {
  const bus = forFlow({ batchTimeout: 0, ...options });
  const seen: Record<string, unknown[]> = {};
  bus.on("**", ({ type, data }) => void (seen[type] ??= []).push(data));
  return { bus, seen };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("lanes from other threads", () => {
  it("keep the order of each thread, and lose nothing", async () => {
    const { bus, seen } = notingBus({ stages: [(events) => events], shards: 2 });
    const handle = share(bus);
    await withProducers(handle, 3, async ([a, b, c]) => {
      const told = await Promise.all([
        a.tell({ how: "emit", type: "a", count: 3_000 }),
        b.tell({ how: "emitBatch", type: "b", count: 3_000 }),
        c.tell({ how: "enqueue", type: "c", key: "k", count: 3_000 }),
      ]);
      assertEquals(told.map(({ accepted }) => accepted), [3_000, 3_000, 3_000]);
      await bus.drain();
      assertEquals(seen, { a: numbers(3_000), b: numbers(3_000), c: numbers(3_000) });
      const { emitted, processed, depth } = bus.stats();
      assertEquals([emitted, processed, depth], [9_000, 9_000, 0]);
    });
  });

  for (const how of ["emit", "emitBatch"] as const) {
    it(`make an ${how} wait for room`, async () => {
      const { bus, seen } = notingBus();
      const handle = share(bus, { capacity: 1_024, blockTimeout: 60_000 });
      await withProducers(handle, 1, async ([thread]) => {
        assertEquals(await thread.tell({ how, count: 1_000 }), { accepted: 1_000 });
        await bus.drain();
        assertEquals(seen, { a: numbers(1_000) });
      });
    });
  }

  it("refuse an emit that finds no room in time, and keep what they have", async () => {
    for (const overflow of ["block", "error"] as const) {
      const bus = forFlow({ capacity: 64, stages: [() => new Promise<void>(() => {})] });
      const handle = share(bus, { capacity: 1_024, overflow, blockTimeout: 20 });
      await withProducers(handle, 1, async ([thread]) => {
        const { accepted, error } = await thread.tell({ how: "until closed" });
        assertEquals(error, "QueueFullError");
        assertEquals(bus.stats().emitted, accepted);
        const { discarded, stuck } = await bus.close({ timeout: 0 });
        assertEquals(discarded + stuck, accepted);
        assertEquals(await thread.tell({ how: "emit", count: 1 }), {
          accepted: 0,
          error: "BusClosedError",
        });
      });
    }
  });

  it("let enqueue() wait for as long as it takes", async () => {
    const gate = Promise.withResolvers<void>();
    const { bus, seen } = notingBus({ capacity: 64, stages: [() => gate.promise] });
    const handle = share(bus, { capacity: 1_024, blockTimeout: 0 });
    await withProducers(handle, 1, async ([thread]) => {
      const told = thread.tell({ how: "enqueue", count: 500 });
      // So many that the queue and the lane are full.
      while (bus.stats().emitted < 80) await turn();
      gate.resolve();
      assertEquals(await told, { accepted: 500 });
      await bus.drain();
      assertEquals(seen, { a: numbers(500) });
    });
  });

  it("are counted, and waited for by flush()", async () => {
    const { bus, seen } = notingBus({ batchTimeout: Infinity });
    const handle = share(bus);
    await withProducers(handle, 1, async ([thread]) => {
      await thread.tell({ how: "emit", count: 100 });
      const { emitted, depth } = bus.stats();
      assertEquals([emitted, depth], [100, 100]);
      await bus.flush();
      assertEquals(seen, { a: numbers(100) });
      await bus.close();
    });
  });

  for (const end of ["drain", "close"] as const) {
    it(`accept nothing that ${end}() does not know of`, async () => {
      for (let round = 0; round < 5; round++) {
        const { bus, seen } = notingBus();
        const first = bus.once("a");
        const handle = share(bus, { blockTimeout: 60_000 });
        await withProducers(handle, 2, async (threads) => {
          const told = threads.map((thread) => thread.tell({ how: "until closed" }));
          await first;
          const discarded = end === "drain"
            ? await bus.drain({ timeout: 60_000 })
            : (await bus.close()).discarded;
          let accepted = 0;
          for (const one of await Promise.all(told)) {
            assertEquals(one.error, "BusClosedError");
            accepted += one.accepted;
          }
          assertEquals(seen["a"].length + (discarded ?? 0), accepted);
          const { emitted, processed, dropped } = bus.stats();
          assertEquals([emitted, processed + dropped], [accepted, accepted]);
        });
      }
    });
  }
});

describe("the end of a thread that feeds a bus", () => {
  for (const how of ENDS) {
    it(`by ${how} gives its lane to the next one, and loses nothing`, async () => {
      const { bus, seen } = notingBus();
      const handle = share(bus, { producers: 1 });
      for (const type of ["a", "b"]) {
        const thread = await startProducer(handle);
        await thread.tell({ how: "emit", type, count: 100 });
        thread.doom({ how });
        await freeLane(handle);
        await thread.terminate();
      }
      await bus.drain();
      assertEquals(seen, { a: numbers(100), b: numbers(100) });
    });
  }

  if (HERE !== "chromium") {
    it("in the middle of a batch keeps what it had written", async () => {
      const { bus, seen } = notingBus();
      const handle = share(bus, { producers: 1 });
      const thread = await startProducer(handle);
      thread.doom({ how: "die in a batch", count: 50 });
      await freeLane(handle);
      await thread.terminate();
      await bus.drain();
      assertEquals(seen, { a: numbers(50) });
    });
  }

  it("by force leaves its lane to reclaim(), where that is certain", async () => {
    const { bus, seen } = notingBus();
    const handle = share(bus, { producers: 1 });
    const first = await startProducer(handle);
    // Written, and not yet published.
    await first.tell({ how: "hang in a batch", type: "a", count: 100 });
    await first.terminate();
    const isCertain = !CANNOT_END;
    assertEquals(reclaim(handle), isCertain ? 1 : 0);
    if (isCertain) {
      await freeLane(handle);
      const second = await startProducer(handle);
      await second.tell({ how: "emit", type: "b", count: 100 });
      await second.terminate();
    }
    await bus.drain();
    assertEquals(seen, isCertain ? { a: numbers(100), b: numbers(100) } : {});
  });
});
