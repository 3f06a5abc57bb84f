import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError } from "../message/errors.ts";
import type { Logger } from "../message/logger.ts";
import { silent } from "../message/mod.ts";
import { subscriber } from "../transport/subscriber.ts";
import { Router } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { Seen, settle, World } from "./testdata/world.ts";

describe("RoutedHandler: life", () => {
  it("'running' and 'started' reject when the router is closed before it runs", async () => {
    const world = new World();
    const handler = world.router.on("h", "in", world.in, () => {});
    await world.router.close();
    await assertRejects(() => world.router.running, ClosedError, "as the router is closed");
    await assertRejects(() => handler.started, ClosedError, "as the handler 'h' is closed");
    await world.close();
  });

  it("a run whose signal has aborted closes the router", async () => {
    const world = new World();
    const handler = world.router.on("h", "in", world.in, () => {});
    const reason = new Error("not today");
    const signal = AbortSignal.abort(reason);
    await assertRejects(() => world.router.run({ signal }), Error, "not today");
    await assertRejects(() => world.router.running, Error, "not today");
    await assertRejects(() => handler.started, ClosedError);
    await world.router.closed;
    await world.close();
  });

  it("'started' of a late handler that failed rejects, also when it is asked for afterwards", async () => {
    const world = new World();
    const refusing = doctored(world, {
      source: () => Promise.reject(new TypeError("Cannot read backwards")),
    });
    world.router.on("keep", "in", world.in, () => {});
    await world.run();
    const late = world.router.on("late", "in", subscriber(refusing), () => {});
    while (world.router.handlers().length === 2) await settle();
    await assertRejects(() => late.started, TypeError, "read backwards");
    await world.close();
  });

  it("does not start with a middleware that gives no function", async () => {
    const world = new World();
    world.router.use((() => {}) as never);
    world.router.on("h", "in", world.in, () => {});
    await assertRejects(
      () => world.router.run(),
      TypeError,
      "Cannot start handler 'h' as 'result of a middleware' must be a function",
    );
    await world.close();
  });

  it("a handler that is stopped before the router runs leaves it open for others", async () => {
    const world = new World();
    const seen = new Seen<string>();
    const stopped = world.router.on("h", "in", world.in, () => {});
    await stopped.stop();
    world.router.on("h", "in", world.in, (message) => seen.add(message.text()));
    await world.run();
    await world.publish("in", "a");
    await seen.count(1);
    await assertRejects(() => stopped.started, ClosedError);
    await world.close();
  });

  it("a handler that was stopped is not taken for its successor", async () => {
    const world = new World();
    const seen = new Seen<string>();
    world.router.on("keep", "in", world.in, () => {});
    const first = world.router.on("h", "in", world.in, (message) => seen.add(message.text()));
    await world.run();
    await world.publish("in", "a", "b");
    await seen.count(2);
    await first.stop();
    const second = world.router.on("h", "other", world.in, (message) => seen.add(message.text()));
    assertThrows(() => first.workers(7), TypeError, "must be set before it starts");
    await second.started;
    await world.publish("other", "c");
    await seen.count(3);
    await settle();
    assertEquals([first.stats()?.received, second.stats()?.received], [2, 1]);
    await first.started;
    await first.stop();
    assertEquals(world.router.handlers().map(({ name }) => name), ["keep", "h"]);
    await world.close();
  });
});

describe("Router: its logger", () => {
  it("hears which handlers start and stop, by whom ever they are stopped", async () => {
    const world = new World();
    world.router.on("a", "in", world.in, () => {});
    const late = world.router.on("b", "in", world.in, () => {}).group(null);
    await world.run();
    await late.stop();
    await world.router.close();
    const told = world.lines.map(({ level, message, attributes }) => {
      return [level, message, attributes.handler, attributes.group];
    });
    assertEquals(told, [
      ["info", "handler started", "a", "a"],
      ["info", "handler started", "b", undefined],
      ["info", "handler stopped", "b", undefined],
      ["info", "handler stopped", "a", undefined],
    ]);
    await world.close();
  });

  it("refuses a logger without one of its four functions", () => {
    for (const level of ["debug", "info", "warn", "error"]) {
      assertThrows(
        () => new Router({ logger: { ...silent, [level]: undefined } as unknown as Logger }),
        TypeError,
        `Cannot create a router as 'logger.${level}' must be a function: current value is undefined`,
      );
    }
  });

  it("goes on when its logger throws, and so do middlewares that write to it", async () => {
    const broken = () => {
      throw new Error("disk full");
    };
    const { error } = console;
    const printed: unknown[][] = [];
    console.error = (...args) => void printed.push(args);
    const world = new World({
      logger: { debug: broken, info: broken, warn: broken, error: broken },
    });
    try {
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, (message) => {
        seen.add(message.text());
        if (message.attempt === 1) throw new Error("once");
      }).retry({ delays: [0] }).addMiddleware((next) => (work) => {
        work.logger.debug("called");
        return next(work);
      });
      await world.run();
      await world.publish("in", "a");
      await seen.count(2);
      await world.router.close();
      await world.ended;
    } finally {
      console.error = error;
      await world.close();
    }
    assertEquals(printed.map(([, cause]) => String(cause)), Array(5).fill("Error: disk full"));
  });
});
