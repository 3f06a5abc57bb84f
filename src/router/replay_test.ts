import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import type { SendItem, Transport } from "../transport/port.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { publisher } from "../transport/publisher.ts";
import { replay, type ReplayOptions } from "./mod.ts";
import { DEAD, IDLE, letter, textsOf } from "./testdata/letters.ts";
import { inWorld, type World } from "./testdata/world.ts";

/** Runs a router whose only handler fails for good. */
async function runFailing(world: World): Promise<void> {
  world.router.on("bill", "orders", world.in, () => {
    throw new Error("still no");
  }).dlq({ topic: DEAD, publisher: world.out });
  await world.run();
}

describe("replay()", () => {
  it("puts letters back as they were, without the facts of their failure", () =>
    inWorld(async (world) => {
      const timestamp = new Date("2026-11-20T10:00:00Z");
      const metadata = { dlq_topic: "orders", dlq_attempts: "4", tenant: "a" };
      const payload = new Uint8Array([0, 255, 7]);
      const dead = new Message(payload, { uuid: "u-1", key: "k", timestamp, metadata });
      await world.out.publish(DEAD, dead);
      const report = await replay(world.in, DEAD, { publisher: world.out, idle: IDLE });
      assertEquals(report, { replayed: 1, skipped: 0 });
      const [rec] = world.broker.history("orders");
      assertEquals([rec!.id, rec!.key, rec!.time], ["u-1", "k", timestamp.getTime()]);
      assertEquals([...rec!.payload], [...payload]);
      assertEquals(rec!.headers, [["tenant", "a"], ["replays", "1"]]);
    }));

  it("counts replays, and identifies the publishing of each", () =>
    inWorld(async (world) => {
      const identities: string[] = [];
      const watched = watchedTransport(world.broker, (item) => identities.push(item.identity));
      const out = publisher(watched);
      await world.out.publish(DEAD, [letter("a"), letter("b", { replays: "2" })]);
      await world.out.publish(DEAD, letter("c", { replays: "a few" }));
      // One more of it would be the same number.
      await world.out.publish(DEAD, letter("d", { replays: "9999999999999999" }));
      await replay(world.in, DEAD, { publisher: out, idle: IDLE });
      const expected = [["a", 1], ["b", 3], ["c", 1], ["d", 1]];
      assertEquals(identities, expected.map(([text, count]) => `orders:${text}:replay:${count}`));
      await out.close();
    }));

  it("goes on where the last one of its group ended, and another group begins at the start", () =>
    inWorld(async (world) => {
      const options = { publisher: world.out, idle: IDLE };
      await world.out.publish(DEAD, letter("a"));
      assertEquals((await replay(world.in, DEAD, options)).replayed, 1);
      await world.out.publish(DEAD, letter("b"));
      assertEquals((await replay(world.in, DEAD, options)).replayed, 1);
      assertEquals((await replay(world.in, DEAD, { ...options, group: "again" })).replayed, 2);
      assertEquals(textsOf(world, "orders"), ["a", "b", "a", "b"]);
    }));

  it("ends when what it has put back fails again, and leaves that to the next replay", () =>
    inWorld(async (world) => {
      await runFailing(world);
      await world.out.publish(DEAD, letter("a"));
      const report = await replay(world.in, DEAD, { publisher: world.out, idle: 60_000 });
      assertEquals(report, { replayed: 1, skipped: 0 });
      const again = await replay(world.in, DEAD, { publisher: world.out, idle: 60_000 });
      assertEquals(again.replayed, 1);
    }));

  it("puts back the letters of two handlers that have buried the same message", () =>
    inWorld(async (world) => {
      for (const handler of ["bill", "ship"]) {
        await world.out.publish(
          DEAD,
          ["a", "b"].map((one) => letter(one, { dlq_handler: handler })),
        );
      }
      const report = await replay(world.in, DEAD, { publisher: world.out, idle: IDLE });
      assertEquals(report, { replayed: 4, skipped: 0 });
      assertEquals(textsOf(world, "orders"), ["a", "b", "a", "b"]);
    }));

  it("ends when a message fails again that was put back before, by another replay too", () =>
    inWorld(async (world) => {
      await runFailing(world);
      await world.out.publish(DEAD, letter("a", { replays: "7" }));
      const report = await replay(world.in, DEAD, { publisher: world.out, idle: 60_000 });
      assertEquals(report, { replayed: 1, skipped: 0 });
    }));

  it("skips what the filter leaves out", () =>
    inWorld(async (world) => {
      await world.out.publish(DEAD, ["a", "b", "c"].map((text) => letter(text)));
      const filter = (one: Message) => one.text() !== "b";
      const report = await replay(world.in, DEAD, { publisher: world.out, filter, idle: IDLE });
      assertEquals(report, { replayed: 2, skipped: 1 });
      assertEquals(textsOf(world, "orders"), ["a", "c"]);
    }));

  it("publishes to a topic, or to the one that a function names", () =>
    inWorld(async (world) => {
      await world.out.publish(DEAD, [letter("a"), letter("b")]);
      const options = { publisher: world.out, idle: IDLE };
      await replay(world.in, DEAD, { ...options, to: "fixed", group: "one" });
      const to = (one: Message) => `fixed.${one.text()}`;
      await replay(world.in, DEAD, { ...options, to, group: "other" });
      assertEquals(textsOf(world, "fixed"), ["a", "b"]);
      assertEquals([...textsOf(world, "fixed.a"), ...textsOf(world, "fixed.b")], ["a", "b"]);
    }));

  it("rejects, and keeps the letter, if that does not tell where it came from", () =>
    inWorld(async (world) => {
      await world.out.publish(DEAD, new Message("a", { uuid: "u-1" }));
      const options = { publisher: world.out, idle: IDLE };
      await assertRejects(
        () => replay(world.in, DEAD, options),
        TypeError,
        "Cannot replay message 'u-1' as it has no 'dlq_topic': say where it goes by 'to'",
      );
      const report = await replay(world.in, DEAD, { ...options, to: "orders" });
      assertEquals(report.replayed, 1);
    }));

  it("rejects, and keeps the letter, if that cannot be published", () =>
    inWorld(async (world) => {
      await world.out.publish(DEAD, [letter("a"), letter("b")]);
      let isDown = true;
      const shaky = fromPublisher({
        async publish(topic, messages) {
          if (isDown && messages.some((one) => one.text() === "b")) throw new Error("disk full");
          await world.out.publish(topic, messages);
        },
      });
      const options = { publisher: shaky, idle: IDLE };
      const error = await assertRejects(() => replay(world.in, DEAD, options), PublishError);
      assertEquals((error.failed[0]!.cause as Error).message, "disk full");
      isDown = false;
      assertEquals((await replay(world.in, DEAD, options)).replayed, 1);
      assertEquals(textsOf(world, "orders"), ["a", "b"]);
    }));

  it("leaves no listener behind for each letter", () =>
    inWorld(async (world) => {
      const letters = Array.from({ length: 30 }, (_, at) => letter(`${at}`));
      await world.out.publish(DEAD, letters);
      const { prototype } = EventTarget;
      const { addEventListener, removeEventListener } = prototype;
      let listening = 0;
      let most = 0;
      prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
        if (this instanceof AbortSignal) most = Math.max(most, ++listening);
        addEventListener.apply(this, args);
      };
      prototype.removeEventListener = function (...args: Parameters<typeof removeEventListener>) {
        if (this instanceof AbortSignal) listening--;
        removeEventListener.apply(this, args);
      };
      try {
        const options = { publisher: world.out, rate: 10_000, idle: IDLE };
        assertEquals((await replay(world.in, DEAD, options)).replayed, 30);
      } finally {
        Object.assign(prototype, { addEventListener, removeEventListener });
      }
      assertLess(most, 10);
    }));

  it("refuses options that are malformed", () =>
    inWorld(async (world) => {
      const bad: [options: object, says: string][] = [
        [{ publisher: {} }, "'publisher' must be a Publisher"],
        [{ publisher: world.out, rate: 0 }, "'rate' must be above 0"],
        [{ publisher: world.out, idle: 0 }, "'idle' must be an integer of at least 1"],
        [{ publisher: world.out, to: 7 }, "'to' must be a topic or a function"],
        [
          { publisher: world.out, sped: 7 },
          "option 'sped' is unknown: known are publisher, to, filter",
        ],
      ];
      for (const [options, says] of bad) {
        const error = await assertRejects(() => replay(world.in, DEAD, options as ReplayOptions));
        assert((error as Error).message.includes(says), (error as Error).message);
      }
    }));
});

/** A broker that tells what it is sent. */
function watchedTransport(broker: World["broker"], tell: (item: SendItem) => void): Transport {
  return {
    name: "watched",
    traits: broker.traits,
    source: (spec, host) => broker.source(spec, host),
    sink() {
      const sink = broker.sink();
      return {
        limits: sink.limits,
        lane: (topic, rec) => sink.lane(topic, rec),
        send(lane, items) {
          items.forEach(tell);
          return sink.send(lane, items);
        },
        close: () => sink.close(),
      };
    },
    close: () => Promise.resolve(),
  };
}
