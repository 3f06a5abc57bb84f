import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { fromSubscriber } from "../transport/from_subscriber.ts";
import { DuplicateHandlerError, type Plugin, Router } from "./mod.ts";
import { inWorld, Seen, settle, World } from "./testdata/world.ts";

describe("Router: life", () => {
  it("refuses a name that is taken, at once, and takes it again after a stop", () =>
    inWorld(async (world) => {
      const first = world.router.on("h", "in", world.in, () => {});
      assertThrows(() => world.router.on("h", "in", world.in, () => {}), DuplicateHandlerError);
      world.router.on("other", "in", world.in, () => {});
      await world.run();
      await first.stop();
      assertEquals(world.router.handlers().map(({ name }) => name), ["other"]);
      const again = world.router.on("h", "in", world.in, () => {});
      await again.started;
      assertEquals(world.router.handlers().map(({ name }) => name), ["other", "h"]);
    }));

  it("subscribes a handler that is added while it runs, as its chained calls made it", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      world.router.on("first", "in", world.in, () => {});
      await world.run();
      const late = world.router.on("late", "in", world.in, (message) => seen.add(message.text()))
        .group(null);
      await late.started;
      await world.publish("in", "a");
      assertEquals(await seen.count(1), ["a"]);
      assertThrows(() => late.workers(2), TypeError, "must be set before it starts");
    }));

  it("gives a name free though its handler does not stop in time", async () => {
    const world = new World({ closeTimeout: 1 });
    try {
      const begun = new Seen<string>();
      const go = Promise.withResolvers<void>();
      world.router.on("keep", "in", world.in, () => {});
      const first = world.router.on("h", "in", world.in, async (message) => {
        begun.add(message.text());
        await go.promise;
      });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
      await assertRejects(() => first.stop(), CloseTimeoutError);
      assertEquals(world.router.handlers().map(({ name }) => name), ["keep"]);
      const again = world.router.on("h", "in", world.in, ({ attempt }) => begun.add(`${attempt}`));
      await again.started;
      // Nobody has settled it: it is for who comes next.
      assertEquals((await begun.count(2)).length, 2);
      go.resolve();
    } finally {
      await world.close();
    }
  });

  it("takes no handler when it is closed, or closing", async () => {
    const world = new World();
    world.router.on("h", "in", world.in, () => {});
    await world.run();
    const closing = world.router.close();
    const add = () => world.router.on("late", "in", world.in, () => {});
    const text = "Cannot add handler 'late' as the router is closed";
    assertThrows(add, ClosedError, text);
    await closing;
    assertThrows(add, ClosedError, text);
    assertEquals(world.router.handlers(), []);
    await world.close();
  });

  it("goes on with the others when one handler is stopped", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      const stopped = world.router.on("stopped", "in", world.in, () => seen.add("stopped"));
      world.router.on("other", "in", world.in, () => seen.add("other"));
      await world.run();
      await stopped.stop();
      await world.publish("in", "a");
      await seen.count(1);
      await settle();
      assertEquals(seen.values, ["other"]);
    }));

  it("ends when every handler is stopped", () =>
    inWorld(async (world) => {
      const one = world.router.on("one", "in", world.in, () => {});
      const two = world.router.on("two", "in", world.in, () => {});
      await world.run();
      await one.stop();
      assert(world.router.isRunning);
      await two.stop();
      await world.ended;
      assertEquals(world.router.isRunning, false);
    }));

  it("ends when all subscriptions end by themselves", async () => {
    const router = new Router();
    const seen: string[] = [];
    const own = fromSubscriber({
      async *subscribe() {
        yield new Message("a");
        yield new Message("b");
      },
    });
    router.on("h", "in", own, (message) => void seen.push(message.text()));
    await router.run();
    assertEquals(seen, ["a", "b"]);
  });

  it("runs once", () =>
    inWorld(async (world) => {
      world.router.on("h", "in", world.in, () => {});
      await world.run();
      await assertRejects(() => world.router.run(), Error, "ran before");
      await world.router.close();
      await assertRejects(() => world.router.run(), Error, "ran before");
    }));

  it("undoes what it started when a later handler cannot be subscribed", () =>
    inWorld(async (world) => {
      const ends: string[] = [];
      const plugin: Plugin = {
        onStart: () => void ends.push("start"),
        onStop: () => void ends.push("stop"),
      };
      world.router.plugin(plugin);
      world.router.on("first", "in", world.in, () => {});
      world.router.on("bad", "in", world.in, () => {}).inFlight(1).onExhausted("dead-letter");
      await assertRejects(() => world.router.run(), TypeError, "deadLetter");
      await assertRejects(() => world.router.running, TypeError);
      assertEquals(ends, ["start", "stop"]);
      await world.router.closed;
      // Nobody is subscribed any more: what is published now waits for who comes next.
      const { groups } = world.broker.stats("in")!;
      assertEquals(groups.map(({ group, members }) => [group, members]), [["first", 0]]);
    }));

  it("stops plugins when the handlers have ended, the last first", () =>
    inWorld(async (world) => {
      const ends: string[] = [];
      const begun = new Seen<string>();
      const release = Promise.withResolvers<void>();
      const plugin = (name: string): Plugin => ({ onStop: () => void ends.push(name) });
      world.router.plugin(plugin("a"), plugin("b"));
      world.router.on("h", "in", world.in, async () => {
        begun.add("begun");
        await release.promise;
        ends.push("handler");
      });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
      const closing = world.router.close();
      await settle();
      assertEquals(ends, []);
      release.resolve();
      await closing;
      assertEquals(ends, ["handler", "b", "a"]);
    }));

  it("ends all handlers at the same time: none goes on while another takes long", () =>
    inWorld(async (world) => {
      const begun = new Seen<string>();
      const release = Promise.withResolvers<void>();
      world.router.on("slow", "in", world.in, async ({ uuid }) => {
        begun.add(uuid);
        await release.promise;
      });
      world.router.on("quick", "other", world.in, ({ uuid }) => begun.add(uuid));
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
      const closing = world.router.close();
      await settle();
      await world.publish("other", "b");
      await settle();
      assertEquals(begun.values, ["a"]);
      release.resolve();
      await closing;
    }));

  it("stops the plugins that began when one cannot, the last first", () =>
    inWorld(async (world) => {
      const ends: string[] = [];
      const plugin = (name: string): Plugin => ({ onStop: () => void ends.push(name) });
      const failing: Plugin = {
        onStart() {
          throw new Error("no port");
        },
        onStop: () => void ends.push("failing"),
      };
      world.router.plugin(plugin("a"), plugin("b"), failing);
      world.router.on("h", "in", world.in, () => {});
      await assertRejects(() => world.router.run(), Error, "no port");
      assertEquals(ends, ["b", "a"]);
    }));

  it("stops the other plugins when one throws, and says so where it was closed and run", () =>
    inWorld(async (world) => {
      const ends: string[] = [];
      const plugin = (name: string): Plugin => ({
        onStop() {
          ends.push(name);
          if (name !== "b") throw new Error(`no ${name}`);
        },
      });
      world.router.plugin(plugin("a"), plugin("b"), plugin("c"));
      world.router.on("h", "in", world.in, () => {});
      await world.run();
      const error = await assertRejects(() => world.router.close(), AggregateError);
      assertEquals(error.errors.map(({ message }) => message), ["no c", "no a"]);
      assertEquals(ends, ["c", "b", "a"]);
      await assertRejects(() => world.ended, AggregateError);
      assertEquals(world.router.isRunning, false);
    }));

  it("close() waits for running handlers, and takes their ack", () =>
    inWorld(async (world) => {
      const gate = Promise.withResolvers<void>();
      const seen = new Seen<string>();
      const handler = world.router.on("h", "in", world.in, async (message) => {
        seen.add(message.text());
        await gate.promise;
      });
      await world.run();
      await world.publish("in", "a");
      await seen.count(1);
      let closed = false;
      const closing = world.router.close().then(() => closed = true);
      await settle();
      assertEquals(closed, false);
      gate.resolve();
      await closing;
      await world.ended;
      assertEquals(handler.stats()?.acked, 1);
      const { groups } = world.broker.stats("in")!;
      assertEquals(groups.map(({ group, lag }) => [group, lag]), [["h", 0]]);
    }));

  it("close() is safe to call several times at once, and before and while it starts", async () => {
    const world = new World();
    world.router.on("h", "in", world.in, () => {});
    const run = world.router.run();
    const closes = [world.router.close(), world.router.close()];
    assertEquals(closes[0], closes[1]);
    await Promise.all(closes);
    await run;
    await world.close();

    const unused = new World();
    await unused.router.close();
    await assertRejects(() => unused.router.run(), Error);
    await unused.close();
  });

  it("close() rejects at its deadline with what remains, and so does run()", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        seen.add(message.text());
        await new Promise<void>((resolve) =>
          message.signal.addEventListener("abort", () => {
            // The handler does not stop although it is asked to.
            void resolve;
          })
        );
      });
      await world.run();
      await world.publish("in", "a");
      await seen.count(1);
      const error = await assertRejects(
        () => world.router.close({ timeout: 1 }),
        CloseTimeoutError,
      );
      assertEquals(error.remaining, 1);
      await assertRejects(() => world.ended, CloseTimeoutError);
    }));

  it("ends without an error, and without a line of one, when its signal aborts", () =>
    inWorld(async (world) => {
      const controller = new AbortController();
      world.router.on("h", "in", world.in, () => {});
      const run = world.router.run({ signal: controller.signal });
      await world.router.running;
      controller.abort();
      await run;
      assertEquals(world.lines.filter(({ level }) => level === "error"), []);
    }));

  it("dead-letters nothing because of a shutdown", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        seen.add(message.text());
        await new Promise<void>((_, reject) => {
          message.signal.addEventListener("abort", () => reject(message.signal.reason));
        });
      }).dlq({ topic: "dead", publisher: world.out });
      await world.run();
      await world.publish("in", "a");
      await seen.count(1);
      await world.router.close({ timeout: 1 }).catch(() => {});
      assertEquals(await world.broker.peek("dead", 10), []);
    }));
});
