import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseLostError } from "../message/errors.ts";
import { HeldHandler, settle, start, withTime } from "./testdata/engine_world.ts";
import { type ScriptedSource, ScriptedTransport } from "./testdata/scripted_source.ts";

const LEASE = { lease: 1_000 };

describe("the heartbeat", () => {
  it("prolongs what runs, is queued, or waits for room every half lease, and nothing else", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      transport.prepare = (source) => delete source.fetch;
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, { prefetch: 2 });
      const source = transport.current;
      await time.tickAsync(500);
      assertEquals(source.extensions, []);
      for (const delivery of source.deliver(["a", "b", "c"])) source.host.admit(delivery);
      await time.tickAsync(499);
      assertEquals(source.extensions, []);
      await time.tickAsync(1);
      assertEquals(source.extensions, [["a", "b", "c"]]);
      await handler.end("a");
      await time.tickAsync(500);
      assertEquals(source.extensions.slice(1), [["b", "c"]]);
      await handler.end("b");
      await handler.end("c");
      await consumption.close();
      await time.tickAsync(5_000);
      assertEquals(source.extensions.length, 2);
    }));

  it("lets go of what is lost: its signal aborts, and what waits for room is not handed over", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      const lost = new Set(["a", "b", "d"]);
      transport.prepare = (source) => {
        delete source.fetch;
        losing(source, lost);
      };
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, { prefetch: 3 });
      const source = transport.current;
      for (const delivery of source.deliver(["a", "b", "c", "d"])) source.host.admit(delivery);
      await time.tickAsync(500);
      assertEquals(handler.messages.get("a")!.signal.aborted, true);
      lost.clear();
      await time.tickAsync(500);
      // What is lost is not prolonged, though its handler still runs: that would steal it back.
      assertEquals(source.extensions, [["a", "b", "c", "d"], ["c"]]);
      await handler.end("a");
      await handler.end("c");
      assertEquals([handler.calls, source.acks], [["a1", "c1"], [["c"]]]);
      assertEquals([consumption.stats().lost, consumption.stats().inFlight], [3, 0]);
      await consumption.close();
    }));

  it("finds that all is lost when nothing ran for two leases, and acks none of it", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      // The broker is elsewhere: its clock goes on while the loop of this process is blocked.
      const broker = { now: 0, ends: 1_000 };
      transport.prepare = (source) => {
        delete source.fetch;
        const { extend } = source;
        source.extend = async (held) => {
          await extend!(held);
          if (broker.now >= broker.ends) return held;
          broker.ends = broker.now + 1_000;
          return [];
        };
      };
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, { prefetch: 2 });
      const source = transport.current;
      for (const delivery of source.deliver(["a", "b", "c"])) source.host.admit(delivery);
      await time.tickAsync(500);
      const message = handler.messages.get("a")!;
      const { signal } = message;
      assertEquals([signal.aborted, consumption.stats().lost], [false, 0]);
      broker.now += 2_000;
      // What was due long ago runs first.
      await time.nextAsync();
      assertEquals(signal.aborted, true);
      assertInstanceOf(signal.reason, LeaseLostError);
      assertEquals(message.ack(), false);
      await handler.end("a");
      await time.tickAsync(5_000);
      assertEquals([handler.calls, source.acks, source.requeues], [["a1"], [], []]);
      assertEquals(source.extensions, [["a", "b", "c"], ["a", "b", "c"]]);
      assertEquals([consumption.stats().lost, consumption.stats().inFlight], [3, 0]);
      await consumption.close();
    }));

  it("has the broker judge acks of a handler that let nothing run for two leases", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      const broker = { now: 0, ends: 1_000 };
      const settled: string[] = [];
      transport.prepare = (source) => {
        const { ack } = source;
        source.ack = async (deliveries) => {
          await ack.call(source, deliveries);
          if (broker.now < broker.ends) settled.push(...deliveries.map(({ rec }) => rec.id));
        };
      };
      const acks: boolean[] = [];
      const attempts: number[] = [];
      const consumption = await start(transport, (message) => {
        attempts.push(message.attempt);
        if (message.attempt === 1) broker.now += 2_000;
        acks.push(message.ack());
      });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      // Nobody here can know better: the decision is taken, and it is not the one that counts.
      assertEquals([acks, source.acks, settled], [[true], [["a"]], []]);
      await time.tickAsync(5_000);
      assertEquals(source.extensions, []);
      broker.ends = broker.now + 1_000;
      source.give(...source.deliver(["a"], { count: 2 }));
      await settle();
      assertEquals([attempts, acks, settled], [[1, 2], [true, true], ["a"]]);
      const { received, acked, settleErrors, inFlight } = consumption.stats();
      assertEquals([received, acked, settleErrors, inFlight], [2, 2, 0, 0]);
      await consumption.close();
    }));

  it("goes on after one that the broker never answered, and says so", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      let calls = 0;
      transport.prepare = (source) => source.extend = () => (calls++, new Promise(() => {}));
      const errors: string[] = [];
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, {
        onSettleError: (error) => errors.push(String(error)),
      });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await time.tickAsync(500);
      assertEquals(calls, 1);
      await time.tickAsync(1_100);
      assertEquals([calls, errors], [
        2,
        ["Error: The leases were not prolonged within 1000 ms"],
      ]);
      await handler.end("a");
      await consumption.close();
    }));

  it("waits for half of a lease however long that is", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport({ lease: 2 ** 33 });
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle);
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await time.tickAsync(10_000);
      assertEquals(source.extensions, []);
      await time.tickAsync(2 ** 32 - 10_000);
      assertEquals(source.extensions, [["a"]]);
      await handler.end("a");
      await consumption.close();
    }));

  it("gives back what would pass a message of its key that was lost", () =>
    withTime(async (time) => {
      for (const batch of [undefined, { size: 1, maxWait: 0 }]) {
        const transport = new ScriptedTransport(LEASE);
        transport.prepare = (source) => losing(source, new Set(["a"]));
        const handler = new HeldHandler();
        const consumption = await start(transport, handler.handle, {
          ordered: "key",
          workers: 4,
          ...batch !== undefined && { batch },
        });
        const source = transport.current;
        source.give(
          ...source.deliver(["a", "b"], { key: "k" }),
          ...source.deliver(["x"], { key: "other", lane: { name: "1", fenced: false } }),
        );
        await time.tickAsync(500);
        assertEquals(source.requeues, [["b+"]]);
        await handler.end("a");
        await handler.end("x");
        await time.tickAsync(0);
        assertEquals([handler.calls, source.acks], [["a1", "x1"], [["x"]]]);
        await consumption.close();
      }
    }));

  it("keeps what was delivered again, and what came after that", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      const lost = new Set<unknown>();
      transport.prepare = (source) => {
        source.extend = (held) => Promise.resolve(held.filter((delivery) => lost.has(delivery)));
      };
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, { ordered: "key" });
      const source = transport.current;
      const old = source.deliver(["a", "b"], { key: "k" });
      const again = source.deliver(["a", "b", "c"], { key: "k", count: 2 });
      lost.add(old[0]);
      source.give(...old, ...again);
      await time.tickAsync(500);
      assertEquals(source.requeues, [["b+"]]);
      for (const id of ["a", "a", "b", "c"]) await handler.end(id);
      assertEquals(handler.calls, ["a1", "a2", "b2", "c2"]);
      await consumption.close();
    }));

  it("lets the feed go on when what was lost made room", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      transport.prepare = (source) => losing(source, new Set(["a"]));
      const consumption = await start(transport, (message) => {
        if (message.attempt === 1) message.nack({ delay: 600_000 });
      }, { prefetch: 1, ordered: "key" });
      const source = transport.current;
      source.give(...source.deliver(["a"], { key: "k" }));
      await settle();
      assertEquals(source.isAsked, false);
      await time.tickAsync(500);
      assertEquals(source.isAsked, true);
      await consumption.close();
    }));

  it("goes on after a call that failed, and reports it", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(LEASE);
      let calls = 0;
      transport.prepare = (source) =>
        source.extend = () => Promise.reject(new Error(`down ${++calls}`));
      const handler = new HeldHandler();
      const errors: unknown[] = [];
      const consumption = await start(transport, handler.handle, {
        onSettleError: (error) => errors.push((error as Error).message),
      });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await time.tickAsync(1_000);
      assertEquals(errors, ["down 1", "down 2"]);
      await handler.end("a");
      await consumption.close();
    }));
});

/** Has the source say that these are no longer ours. */
function losing(source: ScriptedSource, lost: ReadonlySet<string>): void {
  const { extend } = source;
  source.extend = async (deliveries) => {
    await extend!(deliveries);
    return deliveries.filter(({ rec }) => lost.has(rec.id));
  };
}
