import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  BusClosedError,
  CrashError,
  type DropReport,
  type FlowErrorContext,
  QueueFullError,
} from "../../mod.ts";
import { CANNOT_END, TRANSPORT } from "./_buses.ts";
import { currentColumn } from "../runtimes/_table.ts";
import {
  type AnyFlowBus,
  Failures,
  keyOfThread,
  PATIENT,
  reports,
  withFlowBus,
} from "./_flow_buses.ts";

const range = (count: number, from = 0) => Array.from({ length: count }, (_, n) => n + from);

/** Collects what the hooks hear. */
function hooks() {
  const crashes: [n: number, crashes: number][] = [];
  const others: Error[] = [];
  const drops: DropReport[] = [];
  return {
    crashes,
    others,
    drops,
    onError(error: unknown, { event }: FlowErrorContext) {
      if (!(error instanceof CrashError)) return void others.push(error as Error);
      crashes.push([(event!.data as { n: number }).n, error.crashes]);
    },
    onDrop: (report: DropReport) => void drops.push(report),
  };
}

/** A batch of three, of which the second event ends the thread. */
function poison(): { type: string; data: unknown; key: string }[] {
  return range(3).map((n) => ({
    type: "item.a",
    data: { n, ...(n === 1 ? { exit: "now" } : {}) },
    key: keyOfThread(0, 2),
  }));
}

/** Emits that many events of a key, until one is refused; gives the refusal, if any. */
function fill(bus: AnyFlowBus, key: string, count: number): unknown {
  try {
    for (const n of range(count, 1)) {
      bus.emit({ type: "item.a", data: { n, text: "x".repeat(200) }, key });
    }
  } catch (error) {
    return error;
  }
}

describe("the death of a thread of a flow bus", () => {
  it("leaves all events of its batch in doubt, and the next thread handles the rest", async () => {
    const { crashes, drops, onError, onDrop } = hooks();
    const options = { batchSize: 3, batchTimeout: Infinity, onError, onDrop };
    await withFlowBus("batches", options, async (bus) => {
      const key = keyOfThread(0, 2);
      const rest = range(4, 3).map((n) => ({ type: "item.a", data: { n }, key }));
      bus.emitBatch([...poison(), ...rest]);
      bus.emit({ type: "item.a", data: { n: 7 }, key: keyOfThread(1, 2) });
      await bus.flush();
      assertEquals(crashes, range(3).map((n) => [n, 1]));
      assertEquals(
        drops.map(({ reason, count, type }) => [reason, count, type]),
        range(3).map(() => ["in-doubt", 1, "item.a"]),
      );
      const [first, second] = await reports(bus);
      assertEquals(first.batches.flat(), [3, 4, 5, 6]);
      assertEquals(second.batches, [[7]]);
      const { emitted, processed, dropped, inDoubt, depth } = bus.stats();
      assertEquals([emitted - processed, dropped, inDoubt, depth], [3, 3, 3, 0]);
      assertEquals(await bus.close(PATIENT), { discarded: 0, inDoubt: 3, stuck: 0 });
    });
  });

  it("in a batch is tried again while 'maxCrashes' allows it, in the order of the key", async () => {
    const { crashes, onError } = hooks();
    await withFlowBus("batches", { batchSize: 3, maxCrashes: 2, onError }, async (bus) => {
      bus.emitBatch(poison());
      await bus.flush();
      assertEquals(crashes, [...range(3).map((n) => [n, 1]), ...range(3).map((n) => [n, 2])]);
      assertEquals(bus.stats().inDoubt, 3);
    });
  });

  it("leaves what is still in collection to the next thread", async () => {
    const { crashes, others, onError } = hooks();
    const options = { threads: 1, batchSize: 100, batchTimeout: Infinity, onError };
    await withFlowBus("batches", options, async (bus) => {
      bus.emit("item.a", { n: 0, exit: "soon" });
      await bus.flush();
      for (const n of range(50, 1)) bus.emit("item.a", { n });
      while (others.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const [{ batches }] = await reports(bus, 1);
      assertEquals(batches.flat(), range(50, 1));
      assertEquals(crashes, []);
    });
  });

  it("or a hang ends the wait of flush()", async () => {
    const { crashes, onError } = hooks();
    const options = {
      // On a busy machine a thread that is well may stand still for a few hundred milliseconds.
      stallTimeout: 1_000,
      stopTimeout: 10,
      batchTimeout: Infinity,
      onError,
    };
    await withFlowBus("batches", options, async (bus) => {
      bus.emit({ type: "item.a", data: { n: 1 }, key: keyOfThread(1, 2) });
      bus.emit({ type: "for ever", data: { n: 7 }, key: keyOfThread(0, 2) });
      await bus.flush();
      assertEquals(crashes, CANNOT_END ? [] : [[7, 1]]);
      assertEquals(bus.stats().depth, CANNOT_END ? 1 : 0);
      // The other thread is asked as before.
      bus.emit({ type: "item.a", data: { n: 2 }, key: keyOfThread(1, 2) });
      await bus.flush();
      assertEquals(bus.batchStats().processed, 2);
    });
  });

  // A thread of a browser does not end before what runs has returned.
  if (currentColumn() !== "chromium") {
    it("in the codec leaves the event in doubt that it was reading", async () => {
      const { crashes, others, onError } = hooks();
      const encode = (data: unknown) => new TextEncoder().encode(JSON.stringify(data));
      const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
      const options = { threads: 1, batchSize: 4, valueCodec: { encode, decode }, onError };
      await withFlowBus("flow_codec", options, async (bus) => {
        const seen: unknown[] = [];
        await bus.on("seen", ({ data }) => seen.push(data)).ready;
        for (const text of ["a", "exit", "b", "refuse", "c", "d"]) {
          bus.emit("item", { n: text.length, text });
        }
        await bus.flush();
        await bus.flush();
        assertEquals(seen, ["a", "b", "c", "d"].map((text) => ({ n: 1, text })));
        assertEquals(crashes, [[4, 1]]);
        assertEquals(others.map(({ message }) => message), ["the codec refuses"]);
        assertEquals(bus.stats().depth, 0);
      });
    });
  }
});

describe("the end of a flow bus with threads", () => {
  it("drain() handles what is in collection, at once", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      const seen: number[] = [];
      bus.on("item.*", ({ data }) => seen.push((data as { n: number }).n));
      for (const n of range(10)) bus.emit({ type: "item.a", data: { n, wait: 2 }, key: `${n}` });
      await bus.drain();
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([emitted, processed, dropped], [20, 20, 0]);
      assertEquals(seen, range(10));
      assertThrows(() => bus.emit("item.a"), BusClosedError);
    });
  });

  it("drain() waits for what threads emit meanwhile", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      const seen: unknown[] = [];
      await bus.on("item.relayed", ({ data }) => seen.push(data)).ready;
      bus.emit({ type: "relay", data: { key: "k", n: 1, wait: 5 }, key: "k" });
      await bus.drain();
      assertEquals(seen, [{ n: 1, wait: 5 }]);
      const { emitted, processed } = bus.stats();
      assertEquals([emitted, processed], [3, 3]);
    });
  });

  it("close() lets a batch that has begun come to its end, and reports the rest", async () => {
    const { drops, onDrop } = hooks();
    const failures = new Failures();
    const { onError } = failures;
    const options = { threads: 1, shards: 2, batchSize: 2, onDrop, onError };
    await withFlowBus("batches", options, async (bus) => {
      const [key, other] = [keyOfThread(0, 2), keyOfThread(1, 2)];
      bus.emit({ type: "until closed", data: undefined, key });
      bus.emit({ type: "tell", data: 1, key });
      // What fails at once is told of when the batch is under way.
      await failures.reach(1);
      for (const n of range(3)) bus.emit({ type: "item.a", data: { n }, key });
      const reported = bus.once("reported");
      bus.emit({ type: "report", data: undefined, key: other });
      // By then the thread has taken what was emitted before, in the same ring.
      assertEquals(((await reported).data as { batches: unknown[] }).batches, []);
      assertEquals(await bus.close(PATIENT), { discarded: 3, inDoubt: 0, stuck: 0 });
      const { emitted, processed, dropped, depth } = bus.stats();
      assertEquals([emitted - processed, dropped, depth], [3, 3, 0]);
      assertEquals(drops, [{ reason: "closed", count: 3, type: "item.a" }]);
    });
  });
});

describe("the full queue of home on a flow bus with threads", () => {
  it("refuses events that are for home, until there is room", async () => {
    const options = { batchSize: 1, batchTimeout: 0, overflow: "error" as const };
    await withFlowBus("batches", options, async (bus) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let handled = 0;
      bus.on("home", () => {
        handled++;
        return promise;
      });
      let accepted = 0;
      const emit = () => {
        for (; accepted < 70_000; accepted++) bus.emit("home");
      };
      const { capacity } = assertThrows(emit, QueueFullError) as QueueFullError;
      assertEquals([capacity, accepted], [65_536, 65_536]);
      const enqueued = bus.enqueue({ type: "home" });
      resolve();
      await enqueued;
      await bus.drain();
      assertEquals(handled, 65_537);
    });
  });
});

describe("a full ring of a flow bus", () => {
  // The first thread has two shards, so that it can be released while it is held.
  const options = { threads: 2, shards: 4, batchSize: 1, capacity: 4096 };
  const [held, other] = [keyOfThread(0, 4), keyOfThread(2, 4)];
  const hold = async (bus: AnyFlowBus) => {
    // What threads tell each other at first would leave its place later.
    await bus.flush();
    bus.emit({ type: "hold", data: undefined, key: held });
  };
  const release = (bus: AnyFlowBus) => {
    bus.emit({ type: "release there", data: other, key: keyOfThread(1, 4) });
  };

  // No message comes to a thread that waits for one.
  const blocks = TRANSPORT === "shared-memory";

  if (blocks) {
    it("makes emit wait, and nothing is lost", async () => {
      await withFlowBus("batches", { ...options, blockTimeout: 60_000 }, async (bus) => {
        bus.emit({ type: "item.a", data: { n: 0, wait: 20 }, key: held });
        assertEquals(fill(bus, held, 100), undefined);
        const [{ batches }] = await reports(bus);
        assertEquals(batches.flat(), range(101));
      });
    });
  }

  for (const overflow of ["error", ...(blocks ? [] : ["block" as const])] as const) {
    it(`makes emit fail with 'overflow' "${overflow}", and enqueue wait`, async () => {
      await withFlowBus("batches", { ...options, overflow }, async (bus) => {
        await hold(bus);
        assertEquals(fill(bus, held, 100) instanceof QueueFullError, true);
        const last = { type: "item.a", data: { n: 1_000, text: "x".repeat(200) }, key: held };
        await assertRejects(() => bus.enqueue(last, { timeout: 1 }), QueueFullError);
        const accepted = bus.enqueue(last);
        release(bus);
        await accepted;
        const [{ batches }] = await reports(bus);
        assertEquals(batches.flat().at(-1), 1_000);
      });
    });
  }

  it("drops and counts with 'overflow' \"drop-newest\"", async () => {
    const { drops, onDrop } = hooks();
    await withFlowBus("batches", { ...options, overflow: "drop-newest", onDrop }, async (bus) => {
      await hold(bus);
      fill(bus, held, 100);
      release(bus);
      const [{ batches }] = await reports(bus);
      assertEquals(drops.every(({ reason }) => reason === "overflow"), true);
      assertEquals(batches.flat().length + drops.length, 100);
      assertEquals(drops.length > 0, true);
      assertEquals(bus.stats().dropped, drops.length);
    });
  });
});
