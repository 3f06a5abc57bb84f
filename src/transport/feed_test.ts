import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HOUR, withClockOff } from "../../tests/_messages/harness.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

/** No jitter: a delay is as long as it can be. */
function withoutJitter(body: () => Promise<void>): Promise<void> {
  const { random } = Math;
  Math.random = () => 1;
  return body().finally(() => Math.random = random);
}

describe("the feed", () => {
  it("asks for as much as there is room, and no more until there is some", async () => {
    const transport = new ScriptedTransport();
    const ends: (() => void)[] = [];
    const consumption = await start(
      transport,
      () => new Promise<void>((resolve) => ends.push(resolve)),
      { prefetch: 3 },
    );
    const source = transport.current;
    source.give(...source.deliver(["a", "b"]));
    await settle();
    source.give(...source.deliver(["c"]));
    await settle();
    assertEquals([source.rooms, source.isAsked], [[3, 1], false]);
    ends[0]!();
    await settle();
    assertEquals([source.rooms, source.isAsked], [[3, 1, 1], true]);
    const closed = consumption.close();
    ends[1]!();
    await closed;
  });

  it("ends a fetch that waits when it is paused, and fetches again when it goes on", async () => {
    const transport = new ScriptedTransport();
    const consumption = await start(transport, () => {});
    await settle();
    assert(transport.current.isAsked);
    consumption.pause();
    await settle();
    assertEquals([transport.current.isAsked, transport.current.rooms.length], [false, 1]);
    consumption.resume();
    await settle();
    assertEquals([transport.current.isAsked, transport.current.rooms.length], [true, 2]);
    assertEquals(transport.connected, 1);
    await consumption.close();
  });

  it("takes a fetch that rejects because it was interrupted for no loss", async () => {
    const transport = new ScriptedTransport();
    transport.prepare = (source) =>
      source.fetch = (_room, _paused, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
    const consumption = await start(transport, () => {});
    consumption.pause();
    consumption.resume();
    await settle();
    assertEquals(transport.connected, 1);
    await consumption.close();
  });

  it("waits 100 ms × 2 ≤ 5 s between attempts, and starts anew when a source gave something", () =>
    withoutJitter(() =>
      withTime(async (time) => {
        const transport = new ScriptedTransport();
        const consumption = await start(transport, () => {});
        const down = new Error("down");
        transport.connects.push(...Array.from({ length: 8 }, () => down));
        transport.current.cut(down);
        await settle();
        const waits = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
        for (const [at, wait] of waits.entries()) {
          await time.tickAsync(wait - 1);
          assertEquals(transport.connected, 1 + at);
          await time.tickAsync(1);
          assertEquals(transport.connected, 2 + at);
        }
        await time.tickAsync(5_000);
        assertEquals(transport.sources.length, 2);
        const source = transport.current;
        source.give(...source.deliver(["a"]));
        await settle();
        source.cut(down);
        await settle();
        assertEquals(source.closed, 1);
        await time.tickAsync(100);
        assertEquals(transport.sources.length, 3);
        await consumption.close();
      })
    ));

  it("waits longer for a source that is let in only to be thrown out again", () =>
    withoutJitter(() =>
      withTime(async (time) => {
        const transport = new ScriptedTransport();
        const consumption = await start(transport, () => {});
        for (const wait of [100, 200, 400]) {
          const { length } = transport.sources;
          transport.current.cut(new Error("thrown out"));
          await time.tickAsync(wait - 1);
          assertEquals(transport.sources.length, length);
          await time.tickAsync(1);
          assertEquals(transport.sources.length, length + 1);
        }
        await time.tickAsync(4_999);
        transport.current.cut(new Error("thrown out late"));
        await time.tickAsync(799);
        assertEquals(transport.sources.length, 4);
        await time.tickAsync(1);
        assertEquals(transport.sources.length, 5);
        await time.tickAsync(5_000);
        transport.current.cut(new Error("after the longest delay"));
        await time.tickAsync(100);
        assertEquals(transport.sources.length, 6);
        await consumption.close();
      })
    ));

  it("gives up a source that is let in only to be thrown out again, also without delays", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {}, {
        reconnect: { maxDelay: 0, maxAttempts: 3 },
      });
      const failed = assertRejects(() => consumption.closed, Error, "thrown out");
      for (const length of [2, 3, 3]) {
        transport.current.cut(new Error("thrown out"));
        await time.tickAsync(1);
        assertEquals(transport.sources.length, length);
      }
      await failed;
      await consumption.close();
    }));

  it("counts attempts anew after a second, where there are no delays", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {}, {
        reconnect: { maxDelay: 0, maxAttempts: 2 },
      });
      for (const length of [2, 3, 4]) {
        await time.tickAsync(1_000);
        transport.current.cut(new Error("cut"));
        await time.tickAsync(1);
        assertEquals(transport.sources.length, length);
      }
      await consumption.close();
    }));

  it("does not take a clock that is set forward for a source that stayed", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {}, {
        reconnect: { maxDelay: 0, maxAttempts: 2 },
      });
      const failed = assertRejects(() => consumption.closed, Error, "thrown out");
      transport.current.cut(new Error("thrown out"));
      await time.tickAsync(1);
      await withClockOff(HOUR, async () => {
        transport.current.cut(new Error("thrown out"));
        await time.tickAsync(1);
      });
      assertEquals(transport.sources.length, 2);
      await failed;
      await consumption.close();
    }));

  it("knows a source that stayed though the clock is set back", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {}, {
        reconnect: { maxDelay: 0, maxAttempts: 2 },
      });
      for (const length of [2, 3, 4]) {
        await withClockOff(-HOUR * length, async () => {
          await time.tickAsync(1_000);
          transport.current.cut(new Error("cut"));
          await time.tickAsync(1);
        });
        assertEquals(transport.sources.length, length);
      }
      await consumption.close();
    }));

  it("gives up after maxAttempts in a row, says so, and closes", () =>
    withTime(async (time) => {
      for (const maxAttempts of [1, 3]) {
        const transport = new ScriptedTransport();
        const events: string[] = [];
        const consumption = await start(transport, () => {}, {
          reconnect: { initialDelay: 10, maxDelay: 10, maxAttempts },
          onConnection: ({ kind }) => events.push(kind),
        });
        const source = transport.current;
        source.give(...source.deliver(["a"]));
        await settle();
        const down = new Error("down");
        transport.connects.push(...Array.from({ length: maxAttempts }, () => down));
        const failed = assertRejects(() => consumption.closed, Error, "down");
        source.cut(down);
        await time.tickAsync(1_000);
        await failed;
        assertEquals(transport.connected, 1 + maxAttempts);
        const lost = Array.from({ length: 1 + maxAttempts }, () => "lost");
        assertEquals(events, ["connected", ...lost, "failed"]);
        await consumption.close();
      }
    }));

  it("passes a refusal on, and waits for a broker that is down", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      transport.connects.push(new RangeError("no such thing"));
      await assertRejects(() => start(transport, () => {}), RangeError, "no such thing");
      assertEquals(transport.connected, 1);
      transport.connects.push(new Error("down"), new Error("down"));
      const started = start(transport, () => {});
      await time.tickAsync(1_000);
      await (await started).close();
      assertEquals(transport.connected, 4);
    }));

  it("makes a new source when one reports that it failed", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {});
      transport.current.host.event({ kind: "failed", at: 0, cause: new Error("gone") });
      await time.tickAsync(100);
      assertEquals([transport.sources.length, transport.sources[0]!.closed], [2, 1]);
      await consumption.close();
    }));

  it("does not listen to a source that was given up", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const seen: string[] = [];
      const consumption = await start(transport, ({ uuid }) => void seen.push(uuid));
      const [old] = transport.sources;
      old!.cut(new Error("cut"));
      await time.tickAsync(100);
      assertEquals(transport.sources.length, 2);
      await old!.host.admit(old!.deliver(["late"])[0]!);
      assertEquals(old!.host.offer(old!.deliver(["later"])[0]!), false);
      old!.host.event({ kind: "failed", at: 0 });
      old!.host.end();
      await old!.host.revoke(old!.lane, 1_000);
      assertEquals(old!.lane.fenced, true);
      const other = { name: "1", fenced: false };
      old!.host.lost(other);
      assertEquals(other.fenced, true);
      await time.tickAsync(1_000);
      assertEquals([seen, transport.sources.length], [[], 2]);
      const { current } = transport;
      current.give(...current.deliver(["a"]));
      await settle();
      assertEquals([seen, current.acks], [["a"], [["a"]]]);
      await consumption.close();
    }));

  it("does not wait for ever for the end of a source that was lost", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      transport.prepare = (source) => source.close = () => new Promise(() => {});
      const consumption = await start(transport, () => {});
      transport.current.cut(new Error("half open"));
      await time.tickAsync(5_100);
      assertEquals(transport.sources.length, 2);
      const closed = consumption.close({ timeout: 0 });
      await time.tickAsync(3_000);
      await closed;
    }));

  it("ends at once while it connects or waits, and closes a source that comes too late", () =>
    withoutJitter(() =>
      withTime(async (time) => {
        const transport = new ScriptedTransport();
        const controller = new AbortController();
        const connected = Promise.withResolvers<void>();
        transport.connects.push(connected.promise);
        const started = start(transport, () => {}, { signal: controller.signal });
        await settle();
        controller.abort(new Error("enough"));
        await assertRejects(() => started, Error, "enough");
        connected.resolve();
        await settle();
        assertEquals(transport.current.closed, 1);

        const consumption = await start(transport, () => {});
        transport.connects.push(new Error("down"));
        transport.current.cut(new Error("cut"));
        await time.tickAsync(100);
        await consumption.close();
        await time.tickAsync(60_000);
        assertEquals(transport.connected, 3);
      })
    ));

  it("lets timers and I/O have a turn, however fast the source is", async () => {
    const transport = new ScriptedTransport({ settle: "none", requeue: "engine" });
    let fetches = 0;
    transport.prepare = (source) =>
      source.fetch = (_room, _paused, signal) => {
        // Without a turn of the event loop this would go on for ever.
        if (signal.aborted || ++fetches > 100_000) return new Promise(() => {});
        return Promise.resolve(source.deliver(["a"]));
      };
    const consumption = await start(transport, () => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(fetches < 100_000, `${fetches} fetches before a timer had its turn`);
    await consumption.close({ timeout: 0 });
  });
});
