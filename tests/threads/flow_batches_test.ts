import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError } from "../../mod.ts";
import { Failures, keyOfThread, reports, withFlowBus } from "./_flow_buses.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** The data of the batches that failed. */
const told = ({ all }: Failures) => all.map(({ context }) => context.events!.map((e) => e.data));

describe("a batch in a thread", () => {
  it("leaves when it has 'batchSize' events, or is flushed", async () => {
    const failures = new Failures();
    const options = { batchSize: 3, batchTimeout: Infinity, onError: failures.onError };
    await withFlowBus("batches", options, async (bus) => {
      for (const n of range(7)) bus.emit("tell", n);
      await failures.reach(2);
      assertEquals(told(failures), [[0, 1, 2], [3, 4, 5]]);
      await bus.flush();
      assertEquals(told(failures), [[0, 1, 2], [3, 4, 5], [6]]);
      assertEquals(bus.batchStats(), { batches: 3, processed: 7, meanBatch: 7 / 3 });
    });
  });

  it("leaves when its time is over", async () => {
    const failures = new Failures();
    await withFlowBus("batches", { batchTimeout: 30, onError: failures.onError }, async (bus) => {
      bus.emitBatch([{ type: "tell", data: 1 }, { type: "tell", data: 2 }]);
      await failures.reach(1);
      assertEquals(told(failures), [[1, 2]]);
    });
  });

  it("leaves when what waits fills half of a ring", async () => {
    const options = {
      threads: 1,
      batchSize: 10_000,
      batchTimeout: Infinity,
      capacity: 4096,
      blockTimeout: 60_000,
    };
    await withFlowBus("batches", options, async (bus) => {
      for (const n of range(100)) bus.emit("item.a", { n, text: "x".repeat(n) });
      const [{ batches }] = await reports(bus, 1);
      assertEquals(batches.flat(), range(100));
      assertEquals(batches.length > 1, true);
    });
  });

  it("is the only one of its shard, and holds the events of a key in their order", async () => {
    for (const [shards, most] of [[2, 1], [6, 3]]) {
      await withFlowBus("batches", { shards, batchSize: 4, batchTimeout: 1 }, async (bus) => {
        const keys = range(12).map((n) => `key ${n}`);
        for (const n of range(240)) {
          bus.emit({ type: "item.a", data: { n, wait: 1 }, key: keys[n % keys.length] });
        }
        const all = await reports(bus);
        assertEquals(all.filter((report) => report.most > most), []);
        assertEquals(most === 1 || all.some((report) => report.most > 1), true);
        for (const [at] of keys.entries()) {
          const [mine, others] = all.map(({ batches }) =>
            batches.flat().filter((n) => n % keys.length === at)
          ).sort((a, b) => b.length - a.length);
          assertEquals(others, []);
          assertEquals(mine, range(20).map((n) => n * keys.length + at));
        }
      });
    }
  });

  it("holds events of one type, or of all threads in turn where it is spread", async () => {
    await withFlowBus("batches", { spread: ["item.hot"] }, async (bus) => {
      for (const n of range(20)) bus.emit("item.cold", { n });
      const cold = await reports(bus);
      assertEquals(cold.map(({ batches }) => batches.flat().length).sort(), [0, 20].sort());
      for (const n of range(20)) bus.emit("item.hot", { n });
      const hot = await reports(bus);
      assertEquals(hot.map(({ batches }) => batches.flat().length), [10, 10]);
      for (const n of range(20)) {
        bus.emit({ type: "item.hot", data: { n }, key: keyOfThread(1, 2) });
      }
      const keyed = await reports(bus);
      assertEquals(keyed.map(({ batches }) => batches.flat()), [[], range(20)]);
    });
  });

  it("waits for the one before of its shard, which others pass", async () => {
    await withFlowBus("batches", { shards: 4, batchSize: 1 }, async (bus) => {
      // Both are in the first thread.
      const [held, other] = [keyOfThread(0, 4), keyOfThread(2, 4)];
      bus.emit({ type: "hold", data: undefined, key: held });
      for (const n of range(6)) bus.emit({ type: "item.a", data: { n }, key: held });
      const told = bus.once("reported");
      bus.emit({ type: "report", data: undefined, key: other });
      assertEquals((await told).data, { index: 0, batches: [], most: 0 });
      bus.emit({ type: "release", data: undefined, key: other });
      const [{ batches }] = await reports(bus);
      assertEquals(batches.flat(), range(6));
    });
  });

  it("loses one event with one handler that fails (A.4)", async () => {
    const failures = new Failures();
    await withFlowBus("batches", { onError: failures.onError }, async (bus) => {
      for (const n of range(3)) bus.emit("broken", n);
      bus.emit("item.a", { n: 1 });
      await bus.flush();
      assertEquals(
        failures.all.map((
          { error, context: { event, subscription } },
        ) => [error.name, error.message, event?.data, subscription?.pattern]),
        range(3).map((n) => ["RangeError", `broken ${n}`, n, "broken"]),
      );
      assertEquals(bus.stats().failed, 3);
    });
  });

  it("is told as it was with a handler of batches that fails", async () => {
    const failures = new Failures();
    await withFlowBus("batches", { onError: failures.onError }, async (bus) => {
      bus.emitBatch([{ type: "tell", data: { a: 1 }, id: "x" }, { type: "tell", data: "b" }]);
      const [{ error, context: { events, subscription } }] = await failures.reach(1);
      assertEquals([error.name, error.message], ["RangeError", "told"]);
      assertEquals(events, [{ type: "tell", data: { a: 1 }, id: "x" }, {
        type: "tell",
        data: "b",
      }]);
      assertEquals(subscription?.pattern, "tell");
    });
  });
});

describe("the handlers of home on a flow bus with threads", () => {
  it("get each event as it was emitted, beside one thread", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      const seen: unknown[] = [];
      const batches: unknown[][] = [];
      bus.on("item.*", ({ data }) => seen.push(data));
      const ofBatches = bus.onBatch("item.*", (events) => {
        batches.push(events.map(({ data }) => data));
      });
      bus.emitBatch(range(4).map((n) => ({ type: "item.a", data: { n } })));
      const [first, second] = await reports(bus);
      assertEquals([...first.batches, ...second.batches].flat(), range(4));
      assertEquals(seen, range(4).map((n) => ({ n })));
      assertEquals(batches.flat(), seen);
      const { emitted, processed, depth, subscriptions } = bus.stats();
      // The reports came and went as well.
      assertEquals([depth, subscriptions], [0, 2]);
      assertEquals(emitted, processed);
      assertEquals(bus.off(ofBatches), true);
      assertEquals(bus.off(ofBatches), false);
    });
  });

  it("get batches without any handler of events", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      const seen: unknown[] = [];
      bus.onBatch("home", (events) => seen.push(events.map(({ data }) => data)));
      bus.emitBatch([{ type: "home", data: 1 }, { type: "home", data: 2 }]);
      await bus.flush();
      assertEquals(seen, [[1, 2]]);
    });
  });

  it("get what threads emit", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      const seen: unknown[] = [];
      await bus.on("pong", ({ data }) => seen.push(data)).ready;
      bus.emit({ type: "twice", data: undefined, key: keyOfThread(1, 2) });
      await bus.flush();
      assertEquals(seen, [1]);
    });
  });
});

describe("flush() of a flow bus with threads", () => {
  it("waits for handlers in threads, also for what threads have emitted", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      for (const n of range(10)) {
        bus.emit({ type: "item.a", data: { n, wait: 5 }, key: `key ${n}` });
      }
      await bus.flush();
      assertEquals(bus.stats().depth, 0);
      const key = keyOfThread(1, 2);
      for (const n of [101, 102]) {
        bus.emit({ type: "relay", data: { key, n, wait: 5 }, key: keyOfThread(0, 2) });
      }
      await bus.flush();
      await bus.flush();
      const [, { batches }] = await reports(bus);
      assertEquals(batches.flat().slice(-2), [101, 102]);
    });
  });

  it("waits for what one thread has emitted to the other, when home had nothing to do", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      bus.emit({ type: "relay later", data: keyOfThread(1, 2), key: keyOfThread(0, 2) });
      await bus.flush();
      // A flush that took long has let it go already.
      while (bus.stats().depth === 0 && bus.batchStats().processed < 2) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await bus.flush();
      assertEquals(bus.stats().depth, 0);
    });
  });

  it("ends with its signal, while another one goes on", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      bus.emit("item.a", { n: 1, wait: 20 });
      const controller = new AbortController();
      const cut = bus.flush({ signal: controller.signal });
      const whole = bus.flush();
      controller.abort(new Error("enough"));
      await assertRejects(() => cut, Error, "enough");
      await whole;
      assertEquals(bus.stats().depth, 0);
      bus.emit("item.a", { n: 2 });
      await bus.flush();
    });
  });

  it("lets batches wait again afterwards", async () => {
    const failures = new Failures();
    const options = { batchSize: 2, batchTimeout: Infinity, onError: failures.onError };
    await withFlowBus("batches", options, async (bus) => {
      bus.emit("tell", 1);
      await bus.flush();
      bus.emit("tell", 2);
      // By then a thread that still hurried would have let it go.
      await new Promise((resolve) => setTimeout(resolve, 20));
      bus.emit("tell", 3);
      await failures.reach(2);
      assertEquals(told(failures), [[1], [2, 3]]);
    });
  });

  it("rejects when the bus closes, and afterwards", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      bus.emit("item.a", { n: 1, wait: 20 });
      const flushed = assertRejects(() => bus.flush(), BusClosedError, "Cannot flush the bus");
      await bus.close();
      await flushed;
      await assertRejects(() => bus.flush(), BusClosedError);
    });
  });
});
