import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError } from "../core/errors.ts";
import { createFlowBus } from "./flow.ts";
import { countedSignal } from "./testdata/counted_signal.ts";
import { held, never, turn } from "./testdata/waits.ts";

describe("flush()", () => {
  it("lets what is in collection leave, and waits until it has been handled", async () => {
    const bus = createFlowBus({ batchTimeout: Infinity });
    const handled: unknown[] = [];
    bus.on("a", async (event) => {
      await turn();
      handled.push(event.data);
    });
    bus.emit("a", 1);
    bus.emit("a", 2);
    await bus.flush();
    assertEquals(handled, [1, 2]);
    assertEquals(bus.batchStats(), { batches: 1, processed: 2, meanBatch: 2 });
    bus.emit("a", 3);
    await turn();
    assertEquals(bus.stats().depth, 1);
    await bus.drain();
  });

  it("waits for all shards, for what was accepted before and not for what comes after", async () => {
    const { handler, settle } = held();
    const bus = createFlowBus({ shards: 8, batchSize: 2 });
    bus.on("**", handler);
    for (let i = 0; i < 20; i++) bus.emit(`type.${i}`);
    let flushed = false;
    const flush = bus.flush().then(() => flushed = true);
    for (let handled = 0; handled < 20;) {
      await turn();
      assertEquals(flushed, false);
      // Each time something new comes, too, so that the bus is never quiet.
      for (let i = 0; i < 8; i++) bus.emit(`type.${i}`);
      handled += settle.length;
      for (const each of settle.splice(0)) each();
    }
    await flush;
    const drained = bus.drain();
    while (bus.stats().depth > 0) {
      for (const each of settle.splice(0)) each();
      await turn();
    }
    await drained;
  });

  it("waits for the slowest shard, whatever the others get done meanwhile", async () => {
    let open = () => {};
    const bus = createFlowBus({
      shards: 2,
      batchSize: 1,
      stages: [
        ([event]) => event.type === "slow" ? new Promise((end) => open = () => end()) : undefined,
      ],
    });
    // Of these at least one is in another shard.
    const quick = ["a", "b", "c", "d"];
    bus.emit("slow");
    for (const type of quick) bus.emit(type);
    let flushed = false;
    const flush = bus.flush().then(() => flushed = true);
    for (let i = 0; i < 5; i++) {
      await turn();
      for (const type of quick) bus.emit(type);
    }
    assertEquals(flushed, false);
    open();
    await flush;
    await bus.drain();
  });

  it("leaves no listener on the signal", async () => {
    const { signal, listeners } = countedSignal();
    const bus = createFlowBus({ stages: [() => {}] });
    bus.emit("a");
    await bus.flush({ signal });
    assertEquals(listeners(), 0);
  });

  it("resolves at once where there is nothing to wait for", async () => {
    const bus = createFlowBus();
    await bus.flush();
    assertEquals(bus.batchStats(), { batches: 0, processed: 0, meanBatch: 0 });
  });

  it("is not fooled by what is dropped behind the batch that is under way", async () => {
    let open = () => {};
    const bus = createFlowBus({
      capacity: 2,
      overflow: "drop-oldest",
      stages: [() => new Promise<void>((resolve) => open = () => resolve())],
    });
    bus.emit("a", 1);
    let flushed = false;
    const flush = bus.flush().then(() => flushed = true);
    await turn();
    for (let i = 2; i < 10; i++) bus.emit("a", i);
    await turn();
    assertEquals(flushed, false);
    open();
    await flush;
    const drained = bus.drain();
    await turn();
    open();
    await drained;
  });

  it("rejects with the signal's reason, and the batch goes on", async () => {
    let open = () => {};
    const bus = createFlowBus({ stages: [() => new Promise<void>((end) => open = () => end())] });
    bus.emit("a");
    const controller = new AbortController();
    const flushed = bus.flush({ signal: controller.signal }).catch((error) => error);
    await turn();
    controller.abort("enough");
    assertEquals(await flushed, "enough");
    assertEquals(await bus.flush({ signal: controller.signal }).catch((error) => error), "enough");
    open();
    await bus.drain();
    assertEquals([bus.stats().processed, bus.stats().depth], [1, 0]);
  });

  it("refuses bad options, a closed bus, and what close() makes impossible", async () => {
    const bus = createFlowBus({ stages: [never] });
    await assertRejects(() => bus.flush({ signal: 1 } as object), TypeError, "'signal'");
    await assertRejects(() => bus.flush({ timeout: 1 } as object), TypeError, "unknown");
    bus.emit("a");
    const flushed = assertRejects(() => bus.flush(), BusClosedError, "Cannot flush the bus");
    await turn();
    await bus.close({ timeout: 0 });
    await flushed;
    await assertRejects(() => bus.flush(), BusClosedError);
  });
});
