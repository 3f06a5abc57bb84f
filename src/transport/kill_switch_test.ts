import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HOUR, withClockOff } from "../../tests/_messages/harness.ts";
import { KillSwitch } from "./kill_switch.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

const OPTIONS = { failureRate: 0.5, minimum: 4, window: 1_000, resumeAfter: 5_000 };

function open() {
  const changes: boolean[] = [];
  return { changes, kill: new KillSwitch(OPTIONS, (tripped) => changes.push(tripped)) };
}

describe("KillSwitch", () => {
  it("trips when the share of failures is reached, and not before there are enough", () =>
    withTime(async () => {
      const { kill, changes } = open();
      for (const failed of [true, true, false]) kill.count(failed);
      assertEquals(kill.tripped, false);
      kill.count(false);
      assertEquals(kill.tripped, false);
      kill.count(true);
      assertEquals([kill.tripped, changes], [true, [true]]);
      kill.stop();
      await settle();
    }));

  it("never trips after it was stopped, and leaves no timer behind", () =>
    withTime(async (time) => {
      const { kill, changes } = open();
      kill.stop();
      for (let at = 0; at < 10; at++) kill.count(true);
      await time.tickAsync(10_000);
      assertEquals([kill.tripped, changes], [false, []]);
    }));

  it("forgets what is older than its window", () =>
    withTime(async (time) => {
      const { kill } = open();
      for (let at = 0; at < 3; at++) kill.count(true);
      await time.tickAsync(1_000);
      kill.count(true);
      assertEquals(kill.tripped, false);
      for (let at = 0; at < 3; at++) kill.count(true);
      assertEquals(kill.tripped, true);
      kill.stop();
    }));

  it("remembers what is within its window though the clock is set forward", () =>
    withTime(async () => {
      const { kill } = open();
      for (let at = 0; at < 3; at++) kill.count(true);
      await withClockOff(HOUR, async () => {
        kill.count(true);
        await settle();
      });
      assertEquals(kill.tripped, true);
      kill.stop();
    }));

  it("forgets what is older than its window though the clock is set back", () =>
    withTime(async (time) => {
      const { kill } = open();
      for (let at = 0; at < 3; at++) kill.count(true);
      await withClockOff(-HOUR, async () => {
        await time.tickAsync(1_000);
        kill.count(true);
      });
      assertEquals(kill.tripped, false);
      kill.stop();
    }));

  it("lets go after its time, and begins to count anew", () =>
    withTime(async (time) => {
      const { kill, changes } = open();
      for (let at = 0; at < 9; at++) kill.count(true);
      await time.tickAsync(4_999);
      assertEquals(changes, [true]);
      await time.tickAsync(1);
      assertEquals([kill.tripped, changes], [false, [true, false]]);
      for (let at = 0; at < 3; at++) kill.count(true);
      assertEquals(kill.tripped, false);
    }));

  it("pauses the consumption: nothing is fetched, what is there is handled, and no timer is left", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const changes: boolean[] = [];
      let bad = true;
      const consumption = await start(transport, () => {
        if (bad) throw new Error("down");
      }, {
        pauseOn: OPTIONS,
        onExhausted: "discard",
        onPause: (paused) => changes.push(paused),
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b", "c", "d", "e"]));
      await settle();
      assertEquals([changes, source.isAsked], [[true], false]);
      assertEquals(consumption.stats().discarded, 5);
      assertEquals(source.host.offer(source.deliver(["x"])[0]!), false);
      bad = false;
      await time.tickAsync(5_000);
      assertEquals([changes, source.isAsked], [[true, false], true]);
      bad = true;
      source.give(...source.deliver(["f", "g", "h", "i"]));
      await settle();
      assertEquals(changes, [true, false, true]);
      await consumption.close();
      await time.tickAsync(60_000);
      assertEquals(changes, [true, false, true]);
    }));
});
