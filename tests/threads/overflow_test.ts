import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, type DropReport, forAsync, QueueFullError } from "../../mod.ts";
import { UnsupportedError } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { type AnyBus, collect, moduleOf, TRANSPORT, withBus } from "./_buses.ts";

const LARGE = { type: "value", data: new Uint8Array(200) };

/** Makes the thread take nothing for a second; all that it was told before, it has taken. */
async function hold(bus: AnyBus): Promise<void> {
  const held = collect(bus, "held", 1);
  bus.emit("hold", 1_000);
  await held;
}

/** Emits until it is refused; gives the refusal. */
function fill(bus: AnyBus): QueueFullError {
  for (;;) {
    try {
      bus.emit(LARGE);
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error;
      return error;
    }
  }
}

describe("a full ring", () => {
  // No message comes to a thread that waits for one.
  const blocks = TRANSPORT === "shared-memory";

  if (blocks) {
    it("makes emit wait, and nothing is lost", async () => {
      const options = { threads: 1, capacity: 1024, blockTimeout: 60_000 };
      await withBus("kinds", options, async (bus) => {
        await bus.ready;
        const { processed } = bus.stats();
        bus.emit("spin", 20);
        for (let i = 0; i < 500; i++) bus.emit({ type: "spin", data: 0 });
        await bus.drain();
        assertEquals(bus.stats().processed - processed, 501);
      });
    });

    it("makes a batch wait that is larger, as the thread has got what is written", async () => {
      const options = { threads: 1, capacity: 1024, blockTimeout: 5_000 };
      await withBus("kinds", options, async (bus) => {
        await bus.ready;
        const { processed } = bus.stats();
        bus.emitBatch(Array.from({ length: 200 }, () => ({ type: "spin", data: 0 })));
        await bus.drain();
        assertEquals(bus.stats().processed - processed, 200);
      });
    });

    it("makes emit fail after 'blockTimeout', in bytes", async () => {
      // What the threads tell each other at first leaves room for one event in any case.
      await withBus("kinds", { threads: 1, capacity: 4096, blockTimeout: 10 }, async (bus) => {
        await bus.ready;
        await hold(bus);
        const start = performance.now();
        const { message, capacity } = fill(bus);
        assertEquals(performance.now() - start >= 10, true);
        assertEquals(capacity, 4096);
        assertEquals(
          message,
          "Cannot accept event 'value' as there was no room in a ring for 10 ms: capacity is 4096 bytes",
        );
      });
    });
  }

  for (const overflow of ["error", ...(blocks ? [] : ["block" as const])] as const) {
    it(`makes emit fail at once with 'overflow' "${overflow}"`, async () => {
      await withBus("kinds", { threads: 1, capacity: 4096, overflow }, async (bus) => {
        await bus.ready;
        await hold(bus);
        assertEquals(fill(bus).message.includes("as a ring is full"), true);
      });
    });
  }

  it("drops what comes with 'overflow' \"drop-newest\", and tells", async () => {
    const drops: DropReport[] = [];
    const onDrop = (report: DropReport) => void drops.push(report);
    const options = { threads: 1, capacity: 4096, overflow: "drop-newest", onDrop } as const;
    await withBus("kinds", options, async (bus) => {
      await bus.ready;
      await hold(bus);
      for (let i = 0; i < 60; i++) bus.emit(LARGE);
      const { dropped } = bus.stats();
      assertEquals([drops.length, drops.length > 10], [dropped, true]);
      assertEquals(drops[0], { reason: "overflow", count: 1, type: "value", event: LARGE });
      await bus.drain();
      const { emitted, processed } = bus.stats();
      assertEquals(emitted, processed + dropped);
    });
  });

  it("hears of what a thread drops: how many of a type", async () => {
    const drops: DropReport[] = [];
    const onDrop = (report: DropReport) => void drops.push(report);
    const options = { threads: 1, capacity: 1024, overflow: "drop-newest", onDrop } as const;
    await withBus("kinds", options, async (bus) => {
      await bus.ready;
      await bus.on("seen", () => {}).ready;
      bus.emit("burst", 500);
      await bus.drain();
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([dropped > 400, emitted], [true, processed + dropped]);
      assertEquals(drops, [{ reason: "overflow", count: dropped, type: "seen" }]);
    });
  });

  it("refuses 'drop-oldest', which only the reader could do", () => {
    assertThrows(
      () => forAsync({ handlers: moduleOf("kinds"), overflow: "drop-oldest" } as never),
      UnsupportedError,
      "the oldest event of a ring belongs to another thread",
    );
  });

  it("never makes emit wait inside a handler", async () => {
    await withBus("kinds", { threads: 1, capacity: 2048, blockTimeout: 1e6 }, async (bus) => {
      await bus.ready;
      const refused = collect(bus, "seen", 1);
      // Where rings are small an event waits for what the thread is told of it, or is refused.
      await bus.on("flooded", () => {}).ready;
      bus.emit("flood", 100);
      const [count] = await refused;
      assertEquals(Number(count) > 0, true);
      await bus.drain();
      assertEquals(bus.stats().failed, 0);
    });
  });
});

describe("two threads that send to each other", () => {
  const keys = ["a", "b"].toSorted((one, other) => fnv1a(one) % 2 - fnv1a(other) % 2);
  for (
    const [type, left, action] of [
      ["volley", 100, "emit() is refused"],
      ["patient volley", 8, "enqueue() gives up in time"],
    ] as const
  ) {
    it(`go on when their rings are full: ${action} in a handler`, async () => {
      await withBus("kinds", { capacity: 1024 }, async (bus) => {
        await bus.ready;
        assertEquals(keys.map((key) => fnv1a(key) % 2), [0, 1]);
        // What the threads tell each other at first may leave no room yet.
        for (const [at, key] of keys.entries()) {
          await bus.enqueue({ type, key, data: { back: keys[1 - at], left } });
        }
        while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        const refused = collect(bus, "seen", 2);
        for (const key of keys) await bus.enqueue({ type: "refusals", data: undefined, key });
        assertEquals((await refused).some((count) => Number(count) > 0), true);
        await bus.drain();
        const { emitted, processed, failed } = bus.stats();
        assertEquals([emitted, failed], [processed, 0]);
      });
    });
  }
});

describe("enqueue() in handlers", () => {
  it("goes on when the rings are full of what the threads tell each other", async () => {
    await withBus("kinds", { capacity: 1024 }, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "seen", 2);
      await bus.enqueue({ type: "subscribe much", key: "a", data: "b" });
      await bus.enqueue({ type: "subscribe much", key: "b", data: "a" });
      assertEquals((await seen).toSorted(), ["a", "b"]);
    });
  });
});

describe("enqueue()", () => {
  it("waits for room in a ring, in turn", async () => {
    await withBus("kinds", { threads: 1, capacity: 1024 }, async (bus) => {
      await bus.ready;
      const { processed } = bus.stats();
      await bus.enqueue({ type: "spin", data: 30 });
      const accepted: number[] = [];
      const waits = Array.from(
        { length: 30 },
        (_, index) => bus.enqueue(LARGE).then(() => accepted.push(index)),
      );
      await Promise.all(waits);
      assertEquals(accepted, Array.from({ length: 30 }, (_, index) => index));
      await bus.drain();
      assertEquals(bus.stats().processed - processed >= 31, true);
    });
  });

  it("waits in a thread, too", async () => {
    await withBus("kinds", { threads: 1, capacity: 1024 }, async (bus) => {
      const relayed = collect(bus, "relayed", 200);
      await bus.enqueue({ type: "relay", data: 200 });
      assertEquals(await relayed, Array.from({ length: 200 }, (_, index) => index));
    });
  });

  it("waits for a ring of the thread's own, which is read in turn with the others", async () => {
    await withBus("kinds", { threads: 1, capacity: 1024 }, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "seen", 500);
      for (let data = 0; data < 500; data++) await bus.enqueue({ type: "hop", data });
      assertEquals(await seen, Array.from({ length: 500 }, (_, index) => index));
    });
  });

  it("gives up by signal, by time and when the bus closes", async () => {
    await withBus("kinds", { threads: 1, capacity: 4096, overflow: "error" }, async (bus) => {
      await bus.ready;
      await hold(bus);
      fill(bus);
      const abort = new AbortController();
      const aborted = assertRejects(() => bus.enqueue(LARGE, { signal: abort.signal }), RangeError);
      const late = assertRejects(() => bus.enqueue(LARGE, { timeout: 1 }), QueueFullError);
      const closed = assertRejects(() => bus.enqueue(LARGE), BusClosedError);
      abort.abort(new RangeError("enough"));
      await Promise.all([aborted, late]);
      void bus.close();
      await closed;
      const says = `Cannot enqueue '${LARGE.type}' as the bus is closed`;
      await assertRejects(() => bus.enqueue(LARGE), BusClosedError, says);
    });
  });
});
