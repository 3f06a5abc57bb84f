import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HeldHandler, settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

const PREFIX = { settle: "prefix", requeue: "engine", counts: false } as const;

describe("revoke()", () => {
  it("starts nothing, waits for what runs, flushes acks, then fences", async () => {
    const transport = new ScriptedTransport(PREFIX);
    const taken = Promise.withResolvers<void>();
    transport.prepare = (source) => {
      const { ack } = source;
      source.ack = async (deliveries) => {
        await ack.call(source, deliveries);
        await taken.promise;
      };
    };
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { workers: 2 });
    const source = transport.current;
    const lane = { name: "1", fenced: false };
    source.give(...source.deliver(["a", "b", "c"], { lane }));
    await settle();
    let isDone = false;
    const revoked = source.host.revoke(lane, 60_000).then(() => isDone = true);
    source.give(...source.deliver(["late"], { lane }), ...source.deliver(["other"]));
    await settle();
    await handler.end("a");
    await handler.end("b");
    assertEquals([handler.calls, source.acks], [["a1", "b1", "other1"], [["a"]]]);
    assertEquals([isDone, lane.fenced], [false, false]);
    taken.resolve();
    await revoked;
    assertEquals([source.acks.slice(0, 2), lane.fenced], [[["a"], ["b"]], true]);
    await handler.end("other");
    await consumption.close();
    const { received, acked, returned } = consumption.stats();
    assertEquals([received, acked, returned], [5, 3, 2]);
  });

  it("fences when its time is over: signals abort, and nothing is acked afterwards", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(PREFIX);
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle);
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      const revoked = source.host.revoke(source.lane, 500);
      await time.tickAsync(499);
      assertEquals(source.lane.fenced, false);
      await time.tickAsync(1);
      await revoked;
      const { signal } = handler.messages.get("a")!;
      assertEquals([source.lane.fenced, (signal.reason as Error).name], [true, "LeaseLostError"]);
      await handler.end("a");
      assertEquals([source.acks, consumption.stats().lost], [[], 1]);
      await consumption.close();
    }));

  it("gives back what waits for a retry or a dead letter, and half-collected batches", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, {
        ordered: "key",
        retry: { delays: [60_000] },
        workers: 4,
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b"], { key: "k" }), ...source.deliver(["c"]));
      await settle();
      await handler.fail("a");
      const revoked = source.host.revoke(source.lane, 60_000);
      await handler.fail("c");
      await time.tickAsync(0);
      await revoked;
      assertEquals(source.requeues.flat().sort(), ["a+", "b+", "c+"]);
      await consumption.close();
    }));
});

describe("lost()", () => {
  it("leaves other lanes alone", async () => {
    const transport = new ScriptedTransport(PREFIX);
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { workers: 4 });
    const source = transport.current;
    const lane = { name: "1", fenced: false };
    source.give(...source.deliver(["a"], { lane }), ...source.deliver(["b"]));
    await settle();
    source.host.lost(lane, new Error("gone"));
    const [a, b] = ["a", "b"].map((uuid) => handler.messages.get(uuid)!);
    assertEquals([a!.signal.aborted, b!.signal.aborted], [true, false]);
    assertEquals([a!.ack(), b!.ack()], [false, true]);
    await handler.end("a");
    await handler.end("b");
    assertEquals(source.acks, [["b"]]);
    await consumption.close();
  });

  it("acks nothing of a lane whose ack waited for the call in flight", async () => {
    const transport = new ScriptedTransport();
    const taken = Promise.withResolvers<void>();
    transport.prepare = (source) => {
      const { ack } = source;
      source.ack = async (deliveries) => {
        await ack.call(source, deliveries);
        await taken.promise;
      };
    };
    const consumption = await start(transport, () => {});
    const source = transport.current;
    const lane = { name: "1", fenced: false };
    source.give(...source.deliver(["a"]));
    await settle();
    source.give(...source.deliver(["b"], { lane }), ...source.deliver(["c"]));
    await settle();
    source.host.lost(lane);
    taken.resolve();
    await settle();
    assertEquals(source.acks, [["a"], ["c"]]);
    await consumption.close();
  });
});

describe("a source that is lost", () => {
  it("lets nothing run that waited behind a message of its key", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, {
        ordered: "key",
        retry: { delays: [60_000] },
        workers: 4,
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b", "c"], { key: "k" }));
      await settle();
      await handler.fail("a");
      source.cut(new Error("cut"));
      await time.tickAsync(60_000);
      assertEquals(handler.calls, ["a1"]);
      assertEquals(consumption.stats().lost, 3);
      await consumption.close();
    }));
});

describe("a lane whose oldest message is slow", () => {
  it("is left out while too much waits for it, and asked again as soon as that is settled", async () => {
    const transport = new ScriptedTransport(PREFIX);
    const paused: boolean[] = [];
    transport.prepare = (source) => {
      const { fetch } = source;
      source.fetch = (room, isPaused, signal) => {
        paused.push(isPaused(source.lane));
        return fetch!(room, isPaused, signal);
      };
    };
    const handler = new HeldHandler();
    const consumption = await start(
      transport,
      (message) => message.uuid === "slow" ? handler.handle(message) : undefined,
      { workers: 2 },
    );
    const source = transport.current;
    source.give(...source.deliver(["slow"]));
    for (let at = 0; at < 255; at++) {
      source.give(...source.deliver([`${at}`]));
      await settle();
    }
    assertEquals([paused.at(-2), paused.at(-1)], [false, true]);
    const fetches = paused.length;
    assert(source.isAsked);
    await handler.end("slow");
    assertEquals([paused.length, paused.at(-1)], [fetches + 1, false]);
    assertEquals(source.acks, [["254"]]);
    await consumption.close();
  });
});
