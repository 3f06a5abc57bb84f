import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CrashError, forFlow, ThreadFailedError } from "../../mod.ts";
import type { ValueCodec } from "../../mod.ts";
import { attach, share } from "../../src/engines/lanes.ts";
import { moduleOf } from "./_buses.ts";
import { Failures, keyOfThread, PATIENT, reports, withFlowBus } from "./_flow_buses.ts";
import { withProducers } from "./_producers.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);
const KEYS = [keyOfThread(0, 2), keyOfThread(1, 2)] as const;

describe("lanes into a flow bus with threads", () => {
  it("bring events to the shard of their key, in the order of their producer", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      await withProducers(share(bus), 2, async ([a, b]) => {
        const told = await Promise.all([
          a.tell({ how: "emit", type: "item.a", key: KEYS[0], count: 500 }),
          b.tell({ how: "emitBatch", type: "item.b", key: KEYS[1], count: 500 }),
        ]);
        assertEquals(told.map(({ accepted }) => accepted), [500, 500]);
        const { emitted, processed } = bus.stats();
        assertEquals(emitted - processed >= 0, true);
        const handled = (await reports(bus)).map(({ batches }) => batches.flat());
        assertEquals(handled, [range(500), range(500)]);
        await bus.drain();
        const { depth, failed } = bus.stats();
        assertEquals([depth, failed], [0, 0]);
      });
    });
  });

  it("are waited for by flush(), in lanes, rings and batches", async () => {
    await withFlowBus("batches", { batchTimeout: Infinity }, async (bus) => {
      const producer = attach(share(bus));
      for (const n of range(100)) producer.emit({ type: "item.a", data: { n }, key: KEYS[n % 2] });
      assertEquals(bus.stats().depth, 100);
      await bus.flush();
      assertEquals(bus.stats().depth, 0);
      const handled = (await reports(bus)).flatMap(({ batches }) => batches.flat());
      assertEquals(handled.toSorted((one, other) => one - other), range(100));
    });
  });

  it("wait where the rings are full, and lose nothing", async () => {
    await withFlowBus("batches", { capacity: 1_024 }, async (bus) => {
      const seen: unknown[] = [];
      bus.on("item.a", ({ data }) => void seen.push((data as { n: number }).n));
      const handle = share(bus, { blockTimeout: 60_000 });
      await withProducers(handle, 1, async ([thread]) => {
        const order = { how: "emit", type: "item.a", key: KEYS[0], count: 500 } as const;
        assertEquals(await thread.tell(order), { accepted: 500 });
        await bus.drain();
        assertEquals(seen, range(500));
        const { emitted, processed, depth } = bus.stats();
        assertEquals([emitted, depth], [processed, 0]);
      });
    });
  });

  for (const end of ["drain", "close"] as const) {
    it(`accept nothing that ${end}() does not know of`, async () => {
      await withFlowBus("batches", {}, async (bus) => {
        const { emitted: before } = bus.stats();
        const first = bus.once("item.a");
        const handle = share(bus, { blockTimeout: 60_000 });
        // It wants each as well as a thread does: two deliveries.
        const seen: unknown[] = [];
        bus.on("item.a", ({ data }) => void seen.push(data));
        await withProducers(handle, 2, async (threads) => {
          const told = threads.map((thread) =>
            thread.tell({ how: "until closed", type: "item.a", key: KEYS[0] })
          );
          await first;
          if (end === "drain") await bus.drain({ timeout: 60_000 });
          else await bus.close(PATIENT);
          let accepted = 0;
          for (const one of await Promise.all(told)) {
            assertEquals(one.error, "BusClosedError");
            accepted += one.accepted;
          }
          const { emitted, processed, dropped, depth } = bus.stats();
          assertEquals([depth, emitted], [0, processed + dropped]);
          if (end === "drain") assertEquals([seen.length, dropped], [accepted, 0]);
          assertEquals(emitted - before >= accepted, true);
        });
      });
    });
  }

  it("name what was in doubt when a thread died, and bring the rest to the next one", async () => {
    const failures = new Failures();
    const options = { batchSize: 1, onError: failures.onError };
    await withFlowBus("batches", options, async (bus) => {
      const producer = attach(share(bus));
      for (const n of range(3)) {
        const data = n === 1 ? { n, exit: "now" } : { n };
        producer.emit({ type: "item.a", data, key: KEYS[0] });
      }
      await failures.reach(1);
      assertEquals(failures.all[0].error instanceof CrashError, true);
      const [{ batches }] = await reports(bus);
      // The first may have been told by the thread that died.
      assertEquals(batches.flat().at(-1), 2);
      const { inDoubt, depth } = bus.stats();
      assertEquals([inDoubt, depth], [1, 0]);
    });
  });
});

describe("lanes into a flow bus whose codec closes it", () => {
  it("leave each event in the books once", async () => {
    const closed = Promise.withResolvers<void>();
    let close = () => {};
    const valueCodec: ValueCodec = {
      encode(data) {
        if ((data as { text: string }).text === "close") close();
        return new TextEncoder().encode(JSON.stringify(data));
      },
      decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
    };
    await withFlowBus("flow_codec", { valueCodec }, async (bus) => {
      close = () => closed.resolve(bus.close(PATIENT).then(() => {}));
      const producer = attach(share(bus));
      for (const text of ["a", "close", "b"]) producer.emit("item", { text });
      await closed.promise;
      assertEquals(bus.stats().depth, 0);
    });
  });
});

describe("lanes into a flow bus whose thread has failed", () => {
  it("tell of each event that it does not get", async () => {
    const failures = new Failures();
    const bus = forFlow({
      handlers: moduleOf("fails"),
      threads: 1,
      maxRestarts: 0,
      onError: failures.onError,
    });
    await assertRejects(() => bus.ready, ThreadFailedError);
    const before = failures.all.length;
    const producer = attach(share(bus));
    for (const key of KEYS) producer.emit({ type: "item.a", data: 1, key });
    const told = (await failures.reach(before + 2)).slice(before);
    assertEquals(told.map(({ error }) => error instanceof ThreadFailedError), [true, true]);
    const { emitted, processed, dropped } = bus.stats();
    assertEquals(emitted, processed + dropped);
    await bus.close();
  });
});
