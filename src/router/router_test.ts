import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Publisher } from "../message/contracts.ts";
import type { Middleware } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { inWorld, Seen, settle } from "./testdata/world.ts";

const noted = (notes: string[], name: string): Middleware => (next) => (work) => {
  notes.push(name);
  return next(work);
};

describe("Router: messages", () => {
  it("gives every message to each of two handlers of a topic, and publishes what they produce", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      const produced = new Seen<string>();
      const { router } = world;
      router.on("audit", "orders", world.in, (message) => seen.add(message.text()));
      router.handle("double", "orders", world.in, "doubled", world.out, (message) => {
        return [new Message(`${message.text()}1`), new Message(`${message.text()}2`)];
      });
      router.on("read", "doubled", world.in, (message) => produced.add(message.text()));
      await world.run();
      await world.publish("orders", "a", "b");
      assertEquals((await seen.count(2)).sort(), ["a", "b"]);
      assertEquals((await produced.count(4)).sort(), ["a1", "a2", "b1", "b2"]);
    }));

  it("acks after what a handler produced is published, not before", () =>
    inWorld(async (world) => {
      const gate = Promise.withResolvers<void>();
      const slow = fromPublisher({ publish: () => gate.promise });
      const handler = world.router.handle("h", "in", world.in, "out", slow, () => new Message("x"));
      await world.run();
      await world.publish("in", "a");
      await settle();
      assertEquals(handler.stats()?.acked, 0);
      gate.resolve();
      await settle();
      assertEquals(handler.stats()?.acked, 1);
    }));

  it("tries again when publishing fails, and only the topics that have not confirmed", () =>
    inWorld(async (world) => {
      const published: string[] = [];
      let failures = 2;
      const own = fromPublisher({
        publish(topic) {
          if (topic === "bad" && failures-- > 0) throw new Error("down");
          published.push(topic);
        },
      });
      const done = new Seen<number>();
      world.router.handle("h", "in", world.in, undefined, own, (message) => {
        done.add(message.attempt);
        return [new Message("good"), new Message("bad")];
      }).route((message) => message.text()).retry({ delays: [0, 0, 0] });
      await world.run();
      await world.publish("in", "a");
      await done.count(3);
      await settle();
      assertEquals(published, ["good", "bad"]);
    }));

  it("tries again when a publisher throws instead of rejecting", () =>
    inWorld(async (world) => {
      let calls = 0;
      const own = {
        publish() {
          if (++calls === 1) throw new Error("thrown");
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      } as unknown as Publisher;
      const handler = world.router.handle("h", "in", world.in, "out", own, () => new Message("x"));
      handler.retry({ delays: [0] });
      await world.run();
      await world.publish("in", "a");
      while (handler.stats()?.acked !== 1) await settle();
      assertEquals(calls, 2);
    }));

  it("refuses what has no destination as a failure of the handler", () =>
    inWorld(async (world) => {
      world.router.on("h", "in", world.in, () => new Message("nowhere"))
        .onExhausted("discard");
      await world.run();
      await world.publish("in", "a");
      await settle();
      const line = world.lines.find(({ level }) => level === "error");
      assert(String(line?.attributes["error"]).includes("has no destination"));
    }));

  it("delivers again what a handler nacks or throws for, and says how often", () =>
    inWorld(async (world) => {
      const attempts = new Seen<[number, boolean]>();
      world.router.on("h", "in", world.in, (message) => {
        attempts.add([message.attempt, message.redelivered]);
        if (message.attempt === 1) throw undefined;
        if (message.attempt === 2) message.nack({ delay: 0 });
      }).retry({ delays: [0, 0] });
      await world.run();
      await world.publish("in", "a");
      assertEquals(await attempts.count(3), [[1, false], [2, true], [3, true]]);
    }));

  it("keeps the order of a key while other keys go on", () =>
    inWorld(async (world) => {
      const gate = Promise.withResolvers<void>();
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        if (message.text() === "a1") await gate.promise;
        seen.add(message.text());
      }).workers(4).keyed();
      await world.run();
      const make = (text: string) => new Message(text, { key: text[0]! });
      await world.out.publish("in", ["a1", "a2", "b1", "a3"].map(make));
      await seen.count(1);
      assertEquals(seen.values, ["b1"]);
      gate.resolve();
      assertEquals(await seen.count(4), ["b1", "a1", "a2", "a3"]);
    }));

  it("runs at most as many handlers at once as there are workers", () =>
    inWorld(async (world) => {
      let running = 0;
      let most = 0;
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        most = Math.max(most, ++running);
        await settle();
        running--;
        seen.add(message.text());
      }).workers(3);
      await world.run();
      await world.publish("in", ..."abcdefghij");
      await seen.count(10);
      assertEquals(most, 3);
    }));

  it("collects batches, and publishes what they produce", () =>
    inWorld(async (world) => {
      const sizes = new Seen<number>();
      const produced = new Seen<string>();
      world.router.handleBatch("h", "in", world.in, "out", world.out, (messages) => {
        sizes.add(messages.length);
        return new Message(messages.map((message) => message.text()).join());
      }).batch({ size: 3, maxWait: 5 });
      world.router.on("read", "out", world.in, (message) => produced.add(message.text()));
      await world.run();
      await world.publish("in", ..."abcd");
      assertEquals(await sizes.count(2), [3, 1]);
      assertEquals((await produced.count(2)).join(" ").length, "a,b,c d".length);
    }));
});

describe("Router: middleware", () => {
  it("wraps: the first added is outermost, and those of the router are around the handler's own", () =>
    inWorld(async (world) => {
      const notes: string[] = [];
      const seen = new Seen<string>();
      world.router.use(noted(notes, "g1"), noted(notes, "g2"));
      world.router.on("h", "in", world.in, () => {
        notes.push("handler");
        seen.add("h");
      }).addMiddleware(noted(notes, "h1"), noted(notes, "h2"));
      world.router.on("other", "other", world.in, () => seen.add("other"));
      await world.run();
      await world.publish("in", "a");
      await seen.count(1);
      assertEquals(notes, ["g1", "g2", "h1", "h2", "handler"]);
      notes.length = 0;
      await world.publish("other", "b");
      await seen.count(2);
      assertEquals(notes, ["g1", "g2"]);
    }));

  it("is wrapped in the order of adding, also by several calls", () =>
    inWorld(async (world) => {
      const notes: string[] = [];
      const seen = new Seen<string>();
      world.router.use(noted(notes, "g1"));
      const handler = world.router.on("h", "in", world.in, () => seen.add("h"));
      handler.addMiddleware(noted(notes, "h1"), noted(notes, "h2"));
      world.router.use(noted(notes, "g2"), noted(notes, "g3"));
      handler.addMiddleware(noted(notes, "h3"));
      await world.run();
      await world.publish("in", "a");
      await seen.count(1);
      assertEquals(notes, ["g1", "g2", "g3", "h1", "h2", "h3"]);
    }));

  it("is around the handlers that start from then on, where a router runs already", () =>
    inWorld(async (world) => {
      const notes: string[] = [];
      const seen = new Seen<string>();
      world.router.on("early", "in", world.in, () => seen.add("early"));
      await world.run();
      world.router.use(noted(notes, "g"));
      await world.router.on("late", "other", world.in, () => seen.add("late")).started;
      await world.publish("in", "a");
      await seen.count(1);
      assertEquals(notes, []);
      await world.publish("other", "b");
      await seen.count(2);
      assertEquals(notes, ["g"]);
    }));

  it("sees every batch, and what it throws is a failure", () =>
    inWorld(async (world) => {
      const sizes = new Seen<[number, boolean]>();
      world.router.use((next) => (work) => {
        sizes.add([work.messages.length, work.batch]);
        if (sizes.values.length === 1) throw new Error("not now");
        return next(work);
      });
      const handler = world.router.onBatch("h", "in", world.in, () => {})
        .batch({ size: 2, maxWait: 5 }).retry({ delays: [0] });
      await world.run();
      await world.publish("in", "a", "b");
      assertEquals(await sizes.count(2), [[2, true], [2, true]]);
      await settle();
      assertEquals(handler.stats()?.acked, 2);
    }));
});
