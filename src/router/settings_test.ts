/** That each setting of a handler reaches the engine. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { StartPosition } from "../message/contracts.ts";
import { Message } from "../message/message.ts";
import { MemoryBroker } from "../memory/memory_broker.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import type { OnExhausted } from "../transport/verdict.ts";
import type { RoutedHandler } from "./routed_handler.ts";
import { doctored, Down } from "./testdata/doctored.ts";
import { inWorld, Seen, settle, type World } from "./testdata/world.ts";

const groupsOf = ({ broker }: World) =>
  broker.stats("orders")!.groups.map(({ group, members }) => [group, members]);

describe("a handler", () => {
  it("has the group that it is given, without that one of its own name, or none", () =>
    inWorld(async (world) => {
      const { router } = world;
      router.on("own", "orders", world.in, () => {});
      router.on("named", "orders", world.in, () => {}).group("billing");
      router.on("reader", "orders", world.in, () => {}).group(null);
      await world.run();
      assertEquals(groupsOf(world).sort(), [["billing", 1], ["own", 1]]);
    }));

  it("begins with what is published from now on, or where it is told to", () =>
    inWorld(async (world) => {
      const { router } = world;
      await world.publish("orders", "early");
      const [late, all, since] = [new Seen<string>(), new Seen<string>(), new Seen<string>()];
      router.on("late", "orders", world.in, (message) => late.add(message.text()));
      router.on("all", "orders", world.in, (message) => all.add(message.text())).from("earliest");
      router.on("since", "orders", world.in, (message) => since.add(message.text()))
        .from(new Date(Date.now() - 3_600_000));
      await world.run();
      await world.publish("orders", "new");
      for (const seen of [all, since]) {
        assertEquals((await seen.count(2)).toSorted(), ["early", "new"]);
      }
      assertEquals(await late.count(1), ["new"]);
    }));

  it("takes as many messages at once as it is told to", () =>
    inWorld(async (world) => {
      const go = Promise.withResolvers<void>();
      const handler = world.router.on("slow", "orders", world.in, () => go.promise).inFlight(3);
      await world.run();
      await world.publish("orders", "a", "b", "c", "d", "e");
      await settle();
      const { inFlight } = handler.stats()!;
      go.resolve();
      assertEquals(inFlight, 3);
    }));

  it("keeps the order of keys in the group, of this member, or of what it takes for the key", () =>
    inWorld(async (world) => {
      const { router } = world;
      const running = new Map<string, number>();
      let most = 0;
      let together = 0;
      const seen = new Seen<string>();
      const handle = (keyOf: (message: Message) => string) => async (message: Message) => {
        const key = keyOf(message);
        const count = (running.get(key) ?? 0) + 1;
        running.set(key, count);
        most = Math.max(most, count);
        together = Math.max(together, [...running.values()].reduce((sum, one) => sum + one, 0));
        await settle();
        running.set(key, count - 1);
        seen.add(message.text());
      };
      const tenantOf = (message: Message) => message.metadata.get("tenant")!;
      router.on("group", "one", world.in, handle(({ key }) => key)).workers(4).keyed();
      router.on("member", "two", world.in, handle(({ key }) => key)).workers(4).keyed("member");
      router.on("tenant", "three", world.in, handle(tenantOf)).workers(4).keyed({ by: tenantOf });
      await world.run();
      for (const [at, topic] of ["one", "two", "three"].entries()) {
        [most, together] = [0, 0];
        const messages = Array.from({ length: 24 }, (_, number) => {
          const turn = String(number % 2);
          const metadata = { tenant: turn };
          return new Message("x", { key: topic === "three" ? String(number) : turn, metadata });
        });
        await world.out.publish(topic, messages);
        await seen.count(24 * (at + 1));
        assertEquals([most, together > 1], [1, true], topic);
      }
    }));

  it("keeps the order of keys in the whole group unless it is told otherwise, or says that it cannot", () =>
    inWorld(async (world) => {
      const { router, broker } = world;
      const member = doctored(world, { traits: { ...broker.traits, keyOrder: "member" } });
      router.on("own", "one", subscriber(member), () => {}).keyed("member");
      router.on("other", "two", subscriber(member), () => {}).keyed({ by: "key", scope: "member" });
      router.on("told", "three", world.in, () => {}).keyed("group");
      await world.run();
      const ways: ((handler: RoutedHandler) => RoutedHandler)[] = [
        (handler) => handler.keyed(),
        (handler) => handler.keyed("group"),
        (handler) => handler.keyed({ by: "key" }),
      ];
      for (const [at, keyed] of ways.entries()) {
        const late = keyed(router.on(`late${at}`, "four", subscriber(member), () => {}));
        await assertRejects(
          () => late.started,
          RangeError,
          "as 'scope' of 'ordered' must be 'member' where the transport keeps order within a member " +
            "only: current value is 'group'",
        );
      }
    }));

  it("pauses when too many messages fail, goes on later, and says both", () =>
    inWorld(async (world) => {
      const calls = new Seen<string>();
      const pauseOn = { failureRate: 0.5, minimum: 2, window: 60_000, resumeAfter: 20 };
      const handler = world.router.on("bad", "orders", world.in, (message) => {
        calls.add(message.text());
        if (calls.values.length <= 2) throw new Error("down");
      }).onExhausted("discard").inFlight(1).pauseOn(pauseOn);
      await world.run();
      await world.publish("orders", "a", "b", "c");
      await calls.count(3);
      assertEquals(calls.values.toSorted(), ["a", "b", "c"]);
      const said = world.lines.map(({ message }) => message);
      const paused = said.indexOf("handler pauses");
      assert(paused !== -1 && said.indexOf("handler goes on") > paused, said.join());
      await handler.stop();
    }));

  it("asks a broker that is down as often as it is told, and run() rejects then", () =>
    inWorld(async (world) => {
      const down = new Down(world, "refuses");
      world.router.on("h", "orders", subscriber(down.transport), () => {})
        .reconnect({ initialDelay: 0, maxAttempts: 3 });
      await assertRejects(() => world.router.run(), Error, "connection refused");
      assertEquals(down.attempts, 3);
    }));

  it("refuses to put dead letters into its own topic, which it would handle again, for ever", () =>
    inWorld(async (world) => {
      const handler = world.router.on("h", "orders", world.in, () => {});
      assertThrows(
        () => handler.dlq({ topic: "orders", publisher: world.out }),
        RangeError,
        "Cannot configure handler 'h' as 'topic' must be another than its own: " +
          "current value is 'orders'",
      );
      const elsewhere = new MemoryBroker();
      handler.dlq({ topic: "orders", publisher: publisher(elsewhere) });
      await elsewhere.close();
    }));

  it("gives some errors to the dead letters, and tries others again without end, as 'retry' says", () =>
    inWorld(async (world) => {
      class PoisonError extends Error {}
      const done = new Seen<string>();
      world.router.on("h", "orders", world.in, (message) => {
        if (message.text() === "poison") throw new PoisonError("no order");
        if (message.attempt < 9) throw new Error("busy");
        done.add(`${message.text()} ${message.attempt}`);
      }).retry({
        maxRetries: Number.MAX_SAFE_INTEGER,
        initialDelay: 0,
        shouldRetry: (error) => !(error instanceof PoisonError),
      }).dlq({ topic: "dead", publisher: world.out });
      world.router.on("watch", "dead", world.in, (letter) => {
        const { metadata } = letter;
        const facts = [metadata.get("dlq_attempts"), metadata.get("dlq_reason")];
        done.add(`${letter.text()} ${facts.join(" ")}`);
      });
      await world.run();
      await world.publish("orders", "good", "poison");
      assertEquals((await done.count(2)).toSorted(), ["good 9", "poison 1 Error: no order"]);
    }));

  it("refuses what is malformed when it is set", () =>
    inWorld((world) => {
      const handler = world.router.on("h", "orders", world.in, () => {});
      const text = "Cannot configure handler 'h' as";
      assertThrows(
        () => handler.onExhausted("bogus" as OnExhausted),
        RangeError,
        `${text} 'onExhausted' must be`,
      );
      for (const from of ["bogus", new Date(NaN), undefined]) {
        assertThrows(
          () => handler.from(from as StartPosition),
          TypeError,
          `${text} 'from' must be`,
        );
      }
      assertThrows(() => handler.reconnect({ maxAttempts: 0 }), RangeError, "'maxAttempts'");
      assertThrows(() => handler.reconnect({ often: 1 } as object), TypeError, "'often'");
      const orders: [order: unknown, says: string][] = [
        ["bogus", `${text} 'scope' must be one of group, member`],
        [{ by: 5 }, `${text} 'by' must be 'key' or a function`],
        [{ scope: "member" }, `${text} 'by' must be 'key' or a function`],
        [{ by: "key", among: "all" }, `${text} option 'among' is unknown`],
        [null, `${text} 'ordered' must be 'key' or an object`],
      ];
      for (const [order, says] of orders) {
        assertThrows(() => handler.keyed(order as "group"), Error, says);
      }
      return Promise.resolve();
    }));
});
