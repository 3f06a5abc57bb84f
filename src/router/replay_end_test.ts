/** When a replay ends, how fast it goes until then, and what it says. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FakeTime } from "@std/testing/time";
import type { Host, SourceSpec, Transport } from "../transport/port.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { withTime } from "../transport/testdata/engine_world.ts";
import { replay, type ReplayOptions } from "./mod.ts";
import { doctored, Down } from "./testdata/doctored.ts";
import { DEAD, IDLE, letter, textsOf } from "./testdata/letters.ts";
import { inWorld, settle, World } from "./testdata/world.ts";

/** What waits for no timer but the shortest. */
async function settleIn(time: FakeTime): Promise<void> {
  const settled = settle();
  for (let turn = 0; turn < 5; turn++) await time.tickAsync(0);
  await settled;
}

describe("replay()", () => {
  it("names a topic that is not there, which may be misspelt, and none that is empty", () =>
    inWorld(async (world) => {
      const options = { publisher: world.out, idle: IDLE };
      const missing = await replay(world.in, "ordres.dead", options);
      assertEquals(missing, { replayed: 0, skipped: 0, missing: "ordres.dead" });
      await world.out.publish(DEAD, letter("a"));
      assertEquals(await replay(world.in, DEAD, options), { replayed: 1, skipped: 0 });
      assertEquals(await replay(world.in, DEAD, options), { replayed: 0, skipped: 0 });
    }));

  it("says nothing of a topic that is made while it waits, nor where the broker does not tell", () =>
    withTime(async (time) => {
      const world = new World();
      const late = replay(world.in, DEAD, { publisher: world.out, idle: 1_000 });
      await settleIn(time);
      await world.out.publish(DEAD, letter("a"));
      await settleIn(time);
      await time.tickAsync(1_000);
      assertEquals(await late, { replayed: 1, skipped: 0 });
      for (const describe of [() => Promise.reject(new Error("not allowed")), undefined]) {
        const mute = subscriber(doctored(world, describe && { admin: { describe } as never }));
        const done = replay(mute, "ordres.dead", { publisher: world.out, idle: 10 });
        await settleIn(time);
        await time.tickAsync(10);
        assertEquals(await done, { replayed: 0, skipped: 0 });
      }
      await world.close();
    }));

  it("hears of a topic before the subscription makes it, however long the broker takes to tell", () =>
    withTime(async (time) => {
      const world = new World();
      const { broker } = world;
      const describe = async (topic: string) => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return await broker.admin.describe(topic);
      };
      const slow = subscriber(doctored(world, { admin: { describe } as never }));
      const done = replay(slow, "ordres.dead", { publisher: world.out, idle: 1_000 });
      for (let tick = 0; tick < 4; tick++) await time.tickAsync(500);
      assertEquals(await done, { replayed: 0, skipped: 0, missing: "ordres.dead" });
      await world.close();
    }));

  it("waits for no answer that does not come, and for none when its signal aborts", () =>
    withTime(async (time) => {
      const world = new World();
      await world.out.publish(DEAD, letter("a"));
      const describe = () => new Promise<never>(() => {});
      const mute = subscriber(doctored(world, { admin: { describe } as never }));
      const options = { publisher: world.out, idle: 1_000 };
      const reason = new Error("enough");
      const stopping = new AbortController();
      const stopped = replay(mute, DEAD, { ...options, signal: stopping.signal });
      stopping.abort(reason);
      assertEquals(await stopped.catch((error) => error), reason);
      const done = replay(mute, DEAD, options);
      for (let tick = 0; tick < 3; tick++) await time.tickAsync(1_000);
      assertEquals(await done, { replayed: 1, skipped: 0 });
      await world.close();
    }));

  it("begins to wait for the end when it is subscribed, not before", () =>
    withTime(async (time) => {
      const world = new World();
      const live = Promise.withResolvers<void>();
      const { broker } = world;
      const slow: Transport = {
        name: "slow",
        traits: broker.traits,
        sink: () => broker.sink(),
        async source(spec: SourceSpec, host: Host) {
          await live.promise;
          return await broker.source(spec, host);
        },
        close: () => Promise.resolve(),
      };
      const replayed = replay(subscriber(slow), DEAD, { publisher: world.out, idle: 1_000 });
      await time.tickAsync(5_000);
      live.resolve();
      await settleIn(time);
      await time.tickAsync(900);
      await world.out.publish(DEAD, letter("a"));
      await settleIn(time);
      await time.tickAsync(1_000);
      assertEquals(await replayed, { replayed: 1, skipped: 0 });
      await world.close();
    }));

  for (const [what, options] of [["a second", {}], ["the idle time", { idle: 1_000 }]] as const) {
    it(`ends when no letter has come for ${what}`, () =>
      withTime(async (time) => {
        const world = new World();
        let report: unknown;
        const replayed = replay(world.in, DEAD, { publisher: world.out, ...options });
        replayed.then((it) => report = it);
        await settleIn(time);
        await time.tickAsync(900);
        await world.out.publish(DEAD, letter("a"));
        await settleIn(time);
        await time.tickAsync(999);
        assertEquals(report, undefined);
        await time.tickAsync(1);
        await settleIn(time);
        assertEquals(report, { replayed: 1, skipped: 0 });
        await world.close();
      }));
  }

  it("publishes no more letters a second than it is told", () =>
    withTime(async (time) => {
      const world = new World();
      await world.out.publish(DEAD, ["a", "b", "c"].map((text) => letter(text)));
      const replayed = replay(world.in, DEAD, { publisher: world.out, rate: 1, idle: 5_000 });
      await settleIn(time);
      assertEquals(textsOf(world, "orders"), ["a"]);
      await time.tickAsync(999);
      assertEquals(textsOf(world, "orders"), ["a"]);
      await time.tickAsync(1);
      await settleIn(time);
      assertEquals(textsOf(world, "orders"), ["a", "b"]);
      await time.tickAsync(1_000);
      await settleIn(time);
      await time.tickAsync(1_000);
      await settleIn(time);
      await time.tickAsync(5_000);
      assertEquals(await replayed, { replayed: 3, skipped: 0 });
      await world.close();
    }));

  it("waits for a letter that takes long to publish, however short the idle time is", () =>
    withTime(async (time) => {
      const world = new World();
      await world.out.publish(DEAD, [letter("a"), letter("b"), letter("c")]);
      const slow = fromPublisher({
        async publish(topic, messages) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          await world.out.publish(topic, messages);
        },
      });
      const replayed = replay(world.in, DEAD, { publisher: slow, idle: 10 });
      for (let turn = 0; turn < 40; turn++) await time.tickAsync(10);
      assertEquals(await replayed, { replayed: 3, skipped: 0 });
      await world.close();
    }));

  it("ends at once when it is aborted, also while it waits for its rate", () =>
    withTime(async (time) => {
      const world = new World();
      await world.out.publish(DEAD, [letter("a"), letter("b")]);
      const controller = new AbortController();
      const options: ReplayOptions = { publisher: world.out, signal: controller.signal };
      const replayed = replay(world.in, DEAD, { ...options, rate: 0.01 });
      const rejected = assertRejects(() => replayed, Error, "enough");
      await settleIn(time);
      controller.abort(new Error("enough"));
      await rejected;
      assertEquals(textsOf(world, "orders"), ["a"]);
      await assertRejects(() => replay(world.in, DEAD, options), Error, "enough");
      assertEquals(time.next(), false, "a timer is left");
      await world.close();
    }));

  it("does not wait for its rate when it was aborted while a letter was published", () =>
    withTime(async (time) => {
      const world = new World();
      await world.out.publish(DEAD, letter("a"));
      const controller = new AbortController();
      const { signal } = controller;
      const begun = Promise.withResolvers<void>();
      const confirmed = Promise.withResolvers<void>();
      const slow = fromPublisher({
        publish() {
          begun.resolve();
          return confirmed.promise;
        },
      });
      let ended = false;
      const replayed = replay(world.in, DEAD, { publisher: slow, signal, rate: 0.01 });
      const rejected = assertRejects(() => replayed, Error, "enough").finally(() => ended = true);
      await begun.promise;
      controller.abort(new Error("enough"));
      await settleIn(time);
      confirmed.resolve();
      await settleIn(time);
      assertEquals(ended, true);
      await rejected;
      await world.close();
    }));

  it("rejects once, and with its own reason, when it is aborted while it subscribes", () =>
    inWorld(async (world) => {
      const down = new Down(world, "is silent");
      const controller = new AbortController();
      const { signal } = controller;
      // What nobody waits for would end the process.
      const replayed = replay(subscriber(down.transport), DEAD, { publisher: world.out, signal });
      await settle();
      assertEquals(down.attempts, 1);
      controller.abort(new Error("enough"));
      await assertRejects(() => replayed, Error, "enough");
      await settle();
    }));
});
