/** A run from its beginning to what it leaves behind. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloseTimeoutError } from "../message/errors.ts";
import { subscriber } from "../transport/subscriber.ts";
import { withTime } from "../transport/testdata/engine_world.ts";
import type { Plugin } from "./mod.ts";
import { doctored, Link } from "./testdata/doctored.ts";
import { inWorld, Seen, settle, World } from "./testdata/world.ts";

const hang = () => new Promise<void>(() => {});

/** Counts the listeners that a signal has. */
function counted(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--;
    removeEventListener.apply(signal, args);
  };
  return () => count;
}

describe("run()", () => {
  it("rejects a second time while the first is starting, and takes no plugin then", () =>
    inWorld(async (world) => {
      const { router } = world;
      const begun: string[] = [];
      const plugin = (name: string): Plugin => ({ onStart: () => void begun.push(name) });
      router.plugin(plugin("a")).on("h", "in", world.in, () => {});
      const first = router.run();
      await assertRejects(() => router.run(), Error, "as it ran before or was closed");
      assertThrows(() => router.plugin(plugin("b")), TypeError, "the router has started");
      await router.running;
      assertEquals([begun, router.isRunning], [["a"], true]);
      await router.close();
      await first;
    }));

  it("leaves no listener on its signal, whoever ends it", () =>
    inWorld(async (world) => {
      const { signal } = new AbortController();
      const listeners = counted(signal);
      world.router.on("h", "in", world.in, () => {});
      const run = world.router.run({ signal });
      await world.router.running;
      assertEquals(listeners(), 1);
      await world.router.close();
      await run;
      assertEquals(listeners(), 0);
    }));

  it("subscribes no handler after one that it was closed by", () =>
    inWorld(async (world) => {
      const topics: string[] = [];
      const closing = doctored(world, {
        async source(spec, host) {
          topics.push(spec.topic);
          // Nobody waits for it: it would wait for this subscription.
          world.router.close();
          return await world.broker.source(spec, host);
        },
      });
      for (const topic of ["one", "two"]) {
        world.router.on(topic, topic, subscriber(closing), () => {});
      }
      await world.router.run();
      assertEquals([topics, world.broker.stats("two")], [["one"], undefined]);
    }));

  it("tells of the first failure, and nobody need await close() for another", () =>
    withTime(async (time) => {
      const world = new World();
      const begun = Promise.withResolvers<void>();
      world.router.on("h", "in", world.in, () => {
        begun.resolve();
        return hang();
      });
      const link = new Link(world);
      const other = world.router.on("other", "else", subscriber(link.transport), () => {})
        .reconnect({ initialDelay: 0, maxAttempts: 1 });
      const ended = assertRejects(() => world.router.run(), Error, "connection refused");
      await time.tickAsync(0);
      await world.publish("in", "a");
      await begun.promise;
      link.lose(new Error("cut"));
      await time.tickAsync(100);
      assertEquals(world.router.handlers().includes(other), false);
      // A rejection that nobody waits for would end the process: run() tells of the first failure only.
      world.router.close({ timeout: 0 });
      await time.tickAsync(10_000);
      await ended;
      await assertRejects(() => world.router.close(), CloseTimeoutError);
      await world.close();
    }));

  it("logs which late handler could not be started, and why", () =>
    inWorld(async (world) => {
      const error = new TypeError("Cannot read backwards");
      const refusing = doctored(world, { source: () => Promise.reject(error) });
      world.router.on("keep", "in", world.in, () => {});
      await world.run();
      const late = world.router.on("late", "in", subscriber(refusing), () => {});
      await assertRejects(() => late.started, TypeError);
      await settle();
      const [line] = world.lines.filter(({ level }) => level === "error");
      assertEquals(line, {
        level: "error",
        message: "handler could not be started",
        attributes: { handler: "late", error },
      });
      assertEquals(world.router.handlers().map(({ name }) => name), ["keep"]);
    }));
});

describe("a router that is closing", () => {
  it("is not running, though its handlers are", () =>
    inWorld(async (world) => {
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      world.router.on("h", "in", world.in, () => {
        begun.resolve();
        return gate.promise;
      });
      await world.run();
      await world.publish("in", "a");
      await begun.promise;
      assertEquals(world.router.isRunning, true);
      const closing = world.router.close();
      assertEquals(world.router.isRunning, false);
      gate.resolve();
      await closing;
    }));

  it("does not run when what it was starting is done", () =>
    inWorld(async (world) => {
      const start = Promise.withResolvers<void>();
      const stop = Promise.withResolvers<void>();
      world.router.plugin({ onStart: () => start.promise, onStop: () => stop.promise });
      world.router.on("h", "in", world.in, () => {});
      const run = world.router.run();
      const closing = world.router.close();
      start.resolve();
      await settle();
      assertEquals(world.router.isRunning, false);
      stop.resolve();
      await Promise.all([closing, run]);
      assertEquals(world.broker.stats("in"), undefined);
    }));

  it("waits for what a middleware has left to do, also where a handler was not done in time", () =>
    withTime(async (time) => {
      const world = new World();
      const seen = new Seen<string>();
      let isDone = false;
      world.router.on("h", "in", world.in, (message) => {
        seen.add(message.text());
        return message.text() === "hangs" ? hang() : undefined;
      }).workers(2).addMiddleware((next) => (work) => {
        const left = new Promise((resolve) => setTimeout(resolve, 1_500)).then(() => isDone = true);
        if (work.messages[0]!.text() === "leaves") work.waitUntil?.(left);
        return next(work);
      });
      world.router.run().catch(() => {});
      await time.tickAsync(0);
      await world.publish("in", "hangs", "leaves");
      await seen.count(2);
      let wasDone: boolean | undefined;
      const closing = assertRejects(() => world.router.close({ timeout: 0 }), CloseTimeoutError)
        .finally(() => wasDone = isDone);
      await time.tickAsync(10_000);
      await closing;
      assertEquals(wasDone, true);
      await world.close();
    }));

  it("leaves no handler and no timer behind", () =>
    withTime(async (time) => {
      const world = new World();
      world.router.on("h", "in", world.in, () => {});
      world.router.run();
      await time.tickAsync(0);
      await world.router.close({ timeout: 60_000 });
      assertEquals([world.router.handlers(), time.next()], [[], false]);
      const unused = new World();
      unused.router.on("h", "in", unused.in, () => {});
      await unused.router.close({ timeout: 60_000 });
      assertEquals([unused.router.handlers(), time.next()], [[], false]);
      await world.close();
      await unused.close();
    }));
});

describe("a handler whose connection is lost for good", () => {
  it("says so, and waits as long as closing takes for what a middleware has left to do", () =>
    withTime(async (time) => {
      const world = new World({ closeTimeout: 5_000 });
      const link = new Link(world);
      const seen = new Seen<string>();
      world.router.on("h", "in", subscriber(link.transport), (message) => seen.add(message.text()))
        .reconnect({ initialDelay: 0, maxAttempts: 1 })
        .addMiddleware((next) => (work) => {
          work.waitUntil?.(hang());
          return next(work);
        });
      let ended = false;
      const run = assertRejects(() => world.router.run(), Error, "connection refused")
        .finally(() => ended = true);
      await time.tickAsync(0);
      await world.publish("in", "a");
      await seen.count(1);
      link.lose(new Error("cut"));
      await time.tickAsync(4_000);
      assertEquals(ended, false);
      await time.tickAsync(60_000);
      await run;
      const lost = world.lines.filter(({ message }) => message === "connection lost");
      assertEquals(new Set(lost.map(({ level }) => level)), new Set(["warn"]));
      assertEquals((lost[0]!.attributes.cause as Error).message, "cut");
      await world.close();
    }));
});

describe("a handler", () => {
  it("has counts and a lag from when it has started, and nothing to tell before", () =>
    inWorld(async (world) => {
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const handler = world.router.on("h", "in", world.in, () => {
        begun.resolve();
        return gate.promise;
      });
      assertEquals([handler.stats(), await handler.lag()], [undefined, []]);
      await world.run();
      await world.publish("in", "a", "b", "c");
      await begun.promise;
      const lag = (await handler.lag()).reduce((sum, lane) => sum + lane.lag, 0);
      gate.resolve();
      assertEquals(lag, 3);
    }));
});
