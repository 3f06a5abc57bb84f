import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import { subscriber } from "../transport/subscriber.ts";
import { type RouterFace, signals } from "./mod.ts";
import { Down, Link } from "./testdata/doctored.ts";
import { FakeProcess, withProcess } from "./testdata/fake_process.ts";
import { Seen, settle, World } from "./testdata/world.ts";

const HOWS = ["refuses", "is silent"] as const;

describe("Router: closing while it starts", () => {
  for (const how of HOWS) {
    it(`close() gives up a broker that ${how}`, async () => {
      const world = new World();
      const down = new Down(world, how);
      const handler = world.router.on("h", "in", subscriber(down.transport), () => {});
      const run = world.router.run();
      await settle();
      await world.router.close({ timeout: 0 });
      await run;
      await assertRejects(() => world.router.running, ClosedError);
      await assertRejects(() => handler.started, ClosedError);
      await world.router.closed;
      assertEquals(world.lines.filter(({ level }) => level === "error"), []);
      await world.close();
    });

    it(`an aborted run gives up a broker that ${how}`, async () => {
      const world = new World();
      const down = new Down(world, how);
      world.router.on("h", "in", subscriber(down.transport), () => {});
      const controller = new AbortController();
      const run = world.router.run({ signal: controller.signal });
      await settle();
      controller.abort();
      await run;
      await world.close();
    });

    it(`stop() gives up a broker that ${how}, and the others start`, async () => {
      const world = new World();
      const down = new Down(world, how);
      const stuck = world.router.on("stuck", "in", subscriber(down.transport), () => {});
      const other = world.router.on("other", "in", world.in, () => {});
      const run = world.router.run();
      await settle();
      await stuck.stop();
      await other.started;
      await world.router.running;
      await assertRejects(() => stuck.started, ClosedError);
      await world.close();
      await run;
    });

    it(`a late handler can be stopped, and closed, while its broker ${how}`, async () => {
      const world = new World();
      const down = new Down(world, how);
      world.router.on("keep", "in", world.in, () => {});
      await world.run();
      const first = world.router.on("first", "in", subscriber(down.transport), () => {});
      const second = world.router.on("second", "in", subscriber(down.transport), () => {});
      await settle();
      await first.stop();
      await assertRejects(() => first.started, ClosedError);
      await world.router.close({ timeout: 0 });
      await world.ended;
      await assertRejects(() => second.started, ClosedError);
      await world.close();
    });
  }

  it("a signal of the process ends a router whose broker is down", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const world = new World();
      const down = new Down(world, "refuses");
      world.router.plugin(signals()).on("h", "in", subscriber(down.transport), () => {});
      const run = world.router.run();
      await settle();
      process.raise("SIGTERM");
      await run;
      assertEquals(process.names, []);
      await world.close();
    });
  });

  it("close() leaves running handlers the time that it has", async () => {
    const world = new World();
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<AbortSignal>();
    const handler = world.router.on("h", "in", world.in, async (message) => {
      world.router.close({ timeout: 60_000 });
      begun.resolve(message.signal);
      await gate.promise;
    }).from("earliest");
    await world.publish("in", "a");
    const run = world.router.run();
    const signal = await begun.promise;
    await settle();
    assertEquals(signal.aborted, false);
    gate.resolve();
    await run;
    assertEquals(handler.stats()?.acked, 1);
    await world.close();
  });
});

describe("Router: closing from within", () => {
  it("a later close() brings the deadline forward, and never puts it off", async () => {
    const world = new World();
    const seen = new Seen<AbortSignal>();
    world.router.on("h", "in", world.in, async ({ signal }) => {
      seen.add(signal);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    await world.run();
    await world.publish("in", "a");
    const [signal] = await seen.count(1);
    const closing = world.router.close({ timeout: 60_000 });
    assertStrictEquals(world.router.close(), closing);
    assertStrictEquals(world.router.close({ timeout: 0 }), closing);
    await closing;
    assertEquals(signal!.aborted, true);
    await world.close();
  });

  it("close() rejects a time that is none, and closes nothing", async () => {
    const world = new World();
    world.router.on("h", "in", world.in, () => {});
    await world.run();
    await assertRejects(() => world.router.close({ timeout: -1 }), RangeError, "'timeout'");
    assertEquals(world.router.isRunning, true);
    await world.close();
  });

  it("a handler that waits for close() waits until the deadline, and no longer", async () => {
    const world = new World();
    const ends = new Seen<unknown>();
    world.router.on("h", "in", world.in, async () => {
      await world.router.close({ timeout: 0 }).catch((error) => ends.add(error));
    });
    await world.run();
    await world.publish("in", "a");
    const [error] = await ends.count(1);
    assertEquals((error as CloseTimeoutError).name, CloseTimeoutError.name);
    await assertRejects(() => world.ended, CloseTimeoutError);
    await world.close();
  });

  it("a plugin may wait for close() in 'onStart' and in 'onStop'", async () => {
    for (const hook of ["onStart", "onStop"] as const) {
      const world = new World();
      world.router.plugin({ [hook]: (router: RouterFace) => router.close() });
      world.router.on("h", "in", world.in, () => {});
      const run = world.router.run();
      await world.router.running.catch(() => {});
      await world.router.close();
      await run;
      await world.close();
    }
  });

  it("a plugin that does not start is left behind at the deadline, and stopped if it does", async () => {
    const world = new World();
    const gate = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    world.router.plugin({ onStart: () => gate.promise, onStop: () => stopped.resolve() });
    world.router.on("h", "in", world.in, () => {});
    const run = world.router.run();
    await world.router.close({ timeout: 0 });
    await run;
    gate.resolve();
    await stopped.promise;
    await world.close();
  });

  it("waits for a plugin that is starting, and stops it; the next one does not start", async () => {
    const world = new World();
    const gate = Promise.withResolvers<void>();
    const notes: string[] = [];
    world.router.plugin(
      { onStart: () => gate.promise, onStop: () => void notes.push("stop") },
      { onStart: () => void notes.push("next"), onStop: () => void notes.push("stop next") },
    );
    world.router.on("h", "in", world.in, () => {});
    const run = world.router.run();
    const closing = world.router.close().then(() => notes.push("closed"));
    await settle();
    assertEquals(notes, []);
    gate.resolve();
    await closing;
    await run;
    assertEquals(notes, ["stop", "closed"]);
    await world.close();
  });

  it("a plugin that closes its router outside of its hooks waits for the end", async () => {
    const world = new World();
    const gate = Promise.withResolvers<void>();
    const begun = new Seen<string>();
    let face: RouterFace | undefined;
    world.router.plugin({ onStart: (router) => void (face = router) });
    world.router.on("h", "in", world.in, (message) => {
      begun.add(message.text());
      return gate.promise;
    });
    await world.run();
    await world.publish("in", "a");
    await begun.count(1);
    let isClosed = false;
    const closing = face!.close().then(() => isClosed = true);
    await settle();
    assertEquals(isClosed, false);
    gate.resolve();
    await closing;
    await world.close();
  });

  it("a plugin that does not stop is left behind at the deadline, and told of", async () => {
    const world = new World();
    const notes: string[] = [];
    world.router.plugin(
      { onStop: () => void notes.push("first") },
      { onStop: () => new Promise(() => {}) },
    );
    world.router.on("h", "in", world.in, () => {});
    await world.run();
    const closing = world.router.close();
    await settle();
    world.router.close({ timeout: 0 });
    await assertRejects(() => closing, Error, "Cannot stop a plugin");
    assertEquals(notes, ["first"]);
    await world.close();
  });
});

/** A router whose middleware has something left to do for a message that is acked. */
async function lingering() {
  const world = new World();
  const left = Promise.withResolvers<void>();
  const acked = Promise.withResolvers<void>();
  const link = new Link(world);
  const handler = world.router.on("h", "in", subscriber(link.transport), () => {})
    .reconnect({ maxAttempts: 1 })
    .addMiddleware((next) => (work) => {
      work.waitUntil!(left.promise);
      work.messages[0]!.settled().then(() => acked.resolve());
      return next(work);
    });
  await world.run();
  await world.publish("in", "a");
  await acked.promise;
  return { world, handler, left, lose: () => link.lose(new Error("gone")) };
}

describe("Router: closing while a middleware has something left to do", () => {
  for (const how of ["close", "stop"] as const) {
    it(`${how}() waits for it`, async () => {
      const { world, handler, left } = await lingering();
      let ended = false;
      const ending = (how === "close" ? world.router.close() : handler.stop())
        .then(() => ended = true);
      await settle();
      assertEquals(ended, false);
      left.resolve();
      await ending;
      await world.close();
    });
  }

  it("waits for it when the connection is lost for good", async () => {
    const { world, left, lose } = await lingering();
    lose();
    await settle();
    assertEquals(world.router.isRunning, true);
    left.resolve();
    await assertRejects(() => world.ended, Error, "connection refused");
    const [line] = world.lines.filter(({ level }) => level === "error");
    assertEquals(line!.message, "handler lost its connection for good");
    await world.close();
  });

  it("a later close() brings its deadline forward", async () => {
    const { world } = await lingering();
    const closing = assertRejects(
      () => world.router.close({ timeout: 600_000 }),
      CloseTimeoutError,
    );
    await settle();
    await assertRejects(() => world.router.close({ timeout: 0 }), CloseTimeoutError);
    await closing;
    await world.close();
  });

  it("close() rejects when it takes too long, and is closed all the same", async () => {
    const { world } = await lingering();
    const error = await assertRejects(() => world.router.close({ timeout: 0 }), CloseTimeoutError);
    assertEquals([error.remaining, error.message.includes("'h'")], [1, true]);
    await world.router.closed;
    await world.close();
  });
});
