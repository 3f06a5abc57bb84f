import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, type CloseReport, type DropReport, forFlow } from "../../mod.ts";
import { currentColumn } from "../runtimes/_table.ts";
import { moduleOf } from "./_buses.ts";
import { Failures, PATIENT, reports, send, withFlowBus } from "./_flow_buses.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("the life of a flow bus with threads", () => {
  it("leaves nothing when it is over, many times", async () => {
    for (const life of range(20)) {
      const bus = forFlow({
        handlers: moduleOf("batches"),
        threads: 1,
        capacity: 4096,
        batchTimeout: life % 3 === 0 ? Infinity : 1,
      });
      if (life % 2 === 0) await bus.ready;
      bus.emit("item.a", { n: life });
      const { discarded } = await bus.close(PATIENT);
      const { dropped, depth } = bus.stats();
      assertEquals([dropped, depth], [discarded, 0]);
    }
  });

  for (
    const [owner, name] of [
      [globalThis, "SharedArrayBuffer"],
      [Atomics, "waitAsync"],
    ] as const
  ) {
    it(`goes by messages where there is no ${name}`, async () => {
      const property = Object.getOwnPropertyDescriptor(owner, name);
      Reflect.deleteProperty(owner, name);
      const bus = forFlow({ handlers: moduleOf("batches"), threads: 1, batchTimeout: Infinity });
      if (property !== undefined) Object.defineProperty(owner, name, property);
      assertEquals(bus.capabilities, { engine: "flow", threads: 1, transport: "messages" });
      for (const n of range(3)) bus.emit("item.a", { n });
      await bus.flush();
      assertEquals(bus.batchStats(), { batches: 1, processed: 3, meanBatch: 3 });
      assertEquals(await bus.close(PATIENT), { discarded: 0, inDoubt: 0, stuck: 0 });
    });
  }

  it("may end while threads start", async () => {
    const bus = forFlow({ handlers: moduleOf("batches"), threads: 2 });
    const ready = assertRejects(() => bus.ready, BusClosedError);
    bus.emit("item.a", { n: 1 });
    assertEquals(await bus.close(PATIENT), { discarded: 1, inDoubt: 0, stuck: 0 });
    await ready;
  });

  it("takes what is emitted while threads start", async () => {
    const bus = forFlow({ handlers: moduleOf("batches"), threads: 1, batchTimeout: 1 });
    for (const n of range(10)) bus.emit("item.a", { n });
    const [{ batches }] = await reports(bus, 1);
    assertEquals(batches.flat(), range(10));
    await bus.close();
  });

  it("lets a batch that is in its stages when the bus closes come to its handlers", async () => {
    const failures = new Failures();
    await withFlowBus("stages", { threads: 1, onError: failures.onError }, async (bus) => {
      bus.emit({ type: "double", data: 1, key: "k" });
      bus.emit({ type: "last", data: 2, key: "k" });
      // By then the thread has taken them, on all but the slowest of machines; else they are dropped.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { discarded, inDoubt, stuck } = await bus.close(PATIENT);
      assertEquals([inDoubt, stuck], [0, 0]);
      assertEquals(
        failures.all.map(({ error }) => error.message),
        discarded === 0 ? ["the handler came last"] : [],
      );
    });
  });

  it("names what has come for home and is not handled when the bus closes", async () => {
    let dropped = 0;
    const onDrop = (report: DropReport) => void (dropped += report.count);
    await withFlowBus("batches", { threads: 1, batchSize: 1, onDrop }, async (bus) => {
      let handled = 0;
      const closed = new Promise<CloseReport>((resolve) => {
        bus.on("pong", () => {
          handled++;
          resolve(bus.close(PATIENT));
        });
      });
      bus.emit("burst", 1_000);
      assertEquals(await closed, { discarded: 999, inDoubt: 0, stuck: 0 });
      assertEquals([handled, dropped], [1, 999]);
    });
  });

  it("lets batches leave in time with 'park' \"block\"", async () => {
    const failures = new Failures();
    const { onError } = failures;
    await withFlowBus("batches", { park: "block", batchTimeout: 20, onError }, async (bus) => {
      for (const round of [1, 2, 3]) {
        bus.emit("tell", round);
        await failures.reach(round);
      }
    });
  });

  it("lets batches leave in time while others come without a break", async () => {
    const failures = new Failures();
    const options = { threads: 1, shards: 8, batchSize: 2, batchTimeout: 5 };
    await withFlowBus("batches", { ...options, onError: failures.onError }, async (bus) => {
      bus.emit("tell", 1);
      let isTold = false;
      void failures.reach(1).then(() => isTold = true);
      // Home looks after its own between two bursts, the thread never sleeps.
      while (!isTold) {
        for (const n of range(50)) await bus.enqueue({ type: "item.a", data: { n } });
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
  });

  it("replaces no thread that handles slow events, with 'stallTimeout'", async () => {
    const failures = new Failures();
    const { onError } = failures;
    // On a busy machine a thread that is well may stand still for a few hundred milliseconds.
    const patience = { stallTimeout: 1_000, stopTimeout: 10, batchTimeout: 60_000 };
    const options = { threads: 1, batchSize: 250, onError, ...patience };
    await withFlowBus("batches", options, async (bus) => {
      // One batch, for more than two looks of the bus.
      for (let n = 0; n < 250; n++) bus.emit("spin", 10);
      await bus.drain();
      assertEquals([failures.all, bus.stats().inDoubt], [[], 0]);
    });
  });

  it("never makes emit wait inside a handler of a thread", async () => {
    await withFlowBus("batches", { threads: 1, capacity: 2048, blockTimeout: 1e6 }, async (bus) => {
      const told = bus.once("refused");
      bus.on("flooded", () => {});
      // Where rings are small it waits for what the thread is told of the two.
      await send(bus, { type: "flood", data: 100 });
      assertEquals(Number((await told).data) > 0, true);
      await bus.drain();
      assertEquals(bus.stats().failed, 0);
    });
  });

  // A browser has no other.
  if (currentColumn() !== "chromium") {
    it("holds the process while flush() waits, also with the other driver", async () => {
      await withFlowBus("batches", { driver: "worker_threads" }, async (bus) => {
        for (const n of range(10)) bus.emit({ type: "item.a", data: { n }, key: `${n}` });
        await bus.flush();
        assertEquals(bus.batchStats().processed, 10);
      });
    });
  }

  it("goes on where a hook emits", async () => {
    const seen: unknown[] = [];
    const bus = forFlow({
      handlers: moduleOf("batches"),
      threads: 1,
      batchTimeout: 1,
      onError: () => bus.emit("item.a", { n: 7 }),
    });
    bus.on("item.a", ({ data }) => seen.push(data));
    bus.emit("broken", 1);
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await bus.close();
    assertEquals(seen, [{ n: 7 }]);
  });
});
