/** What is so long as nobody says otherwise. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { CloseTimeoutError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { silent } from "../message/logger.ts";
import { consume } from "../transport/consumption.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { asyncApi, health, replay, Router, type RouterOptions, signals } from "./mod.ts";
import { checkRouterOptions } from "./router_options.ts";
import { doctored } from "./testdata/doctored.ts";
import { FakeProcess, withProcess } from "./testdata/fake_process.ts";
import { World } from "./testdata/world.ts";

/** Beyond the deadline: what handlers that were asked to stop, acks and the source may take. */
const GRACE = 3_000;

async function withTime(
  body: (time: FakeTime, world: World) => Promise<void>,
  options: RouterOptions = {},
): Promise<void> {
  const world = new World(options);
  const time = new FakeTime();
  try {
    await body(time, world);
  } finally {
    time.restore();
    await world.close();
  }
}

/** Resolves when a promise has resolved at so many milliseconds, and not before. */
async function resolvesAt(time: FakeTime, ms: number, promise: Promise<unknown>): Promise<void> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await time.tickAsync(ms - 1);
  assertEquals(settled, false);
  await time.tickAsync(1 + GRACE);
  assertEquals(settled, true);
  await promise;
}

const hang = () => new Promise<void>(() => {});

describe("closing takes 30 s at most", () => {
  it("of a router", () =>
    withTime(async (time, world) => {
      const begun = Promise.withResolvers<void>();
      const router = new Router({ logger: silent });
      router.on("h", "in", world.in, () => {
        begun.resolve();
        return hang();
      });
      router.run().catch(() => {});
      await time.tickAsync(0);
      await world.publish("in", "a");
      await time.tickAsync(0);
      await begun.promise;
      const closing = assertRejects(() => router.close(), CloseTimeoutError, "within 30000 ms");
      await resolvesAt(time, 30_000, closing);
    }));

  it("and what the router says where a signal ends it", async () => {
    const process = new FakeProcess();
    const end = async (time: FakeTime, world: World) => {
      const { router } = world;
      router.plugin(signals()).on("h", "in", world.in, hang);
      const ended = assertRejects(() => router.run(), CloseTimeoutError, "within 700 ms");
      await time.tickAsync(0);
      await world.publish("in", "a");
      await time.tickAsync(0);
      process.raise("SIGTERM");
      await resolvesAt(time, 700, ended);
    };
    await withProcess(process, () => withTime(end, { closeTimeout: 700 }));
  });

  it("of a consumption", () =>
    withTime(async (time, world) => {
      const orders = await consume(world.broker, hang, { topic: "in" });
      await world.publish("in", "a");
      await time.tickAsync(0);
      const closing = assertRejects(() => orders.close(), CloseTimeoutError, "within 30000 ms");
      await resolvesAt(time, 30_000, closing);
    }));

  it("of a publisher", () =>
    withTime(async (time, world) => {
      const sink = { ...world.broker.sink(), lane: () => "", send: () => new Promise<never>(hang) };
      const limits = { batch: 1, bytes: Infinity, lanes: Infinity };
      const close = () => Promise.resolve();
      const out = publisher(doctored(world, { sink: () => ({ ...sink, limits, close }) }));
      out.publish("in", new Message("a")).catch(() => {});
      await time.tickAsync(0);
      const closing = assertRejects(() => out.close(), CloseTimeoutError, "within 30000 ms");
      await resolvesAt(time, 30_000, closing);
    }));
});

describe("what waits for an answer", () => {
  it("waits 5 s for a broker that is asked for its health", () =>
    withTime(async (time, world) => {
      const endpoint = health();
      const router = new Router({ logger: silent }).plugin(endpoint);
      const asked = doctored(world, { health: () => new Promise<never>(() => {}) });
      router.on("h", "in", subscriber(asked), () => {});
      router.run().catch(() => {});
      await time.tickAsync(0);
      const report = endpoint.report();
      await resolvesAt(time, 5_000, report);
      assertEquals((await report).ok, false);
      await router.close();
    }));

  it("waits 1 s for another dead letter", () =>
    withTime(async (time, world) => {
      const out = fromPublisher({ publish: () => Promise.resolve() });
      await resolvesAt(time, 1_000, replay(world.in, "dead", { publisher: out }));
    }));
});

describe("a replay that is told nothing", () => {
  it("moves the position of the group 'replay', and takes no time between letters", () =>
    withTime(async (time, world) => {
      const letters = ["a", "b", "c"].map((text) =>
        new Message(text, { key: "k", metadata: { dlq_topic: "in" } })
      );
      await world.out.publish("dead", letters);
      const replayed = replay(world.in, "dead", { publisher: world.out });
      for (let turn = 0; turn < 5; turn++) await time.tickAsync(0);
      assertEquals(world.broker.history("in").length, 3);
      await time.tickAsync(1_000 + GRACE);
      assertEquals(await replayed, { replayed: 3, skipped: 0 });
      assertEquals(world.broker.stats("dead")!.groups.map(({ group }) => group), ["replay"]);
    }));
});

describe("a handler of batches that is told nothing", () => {
  it("gets 100 messages at most, and waits for them 100 ms at most", () =>
    withTime(async (time, world) => {
      const sizes: number[] = [];
      world.router.onBatch("b", "in", world.in, ({ length }) => void sizes.push(length));
      const turns = async () => {
        for (let turn = 0; turn < 20; turn++) await time.tickAsync(0);
      };
      world.router.run().catch(() => {});
      await turns();
      await world.publish("in", ...Array.from({ length: 150 }, (_, at) => `m${at}`));
      await turns();
      assertEquals(sizes, [100]);
      await time.tickAsync(99);
      assertEquals(sizes, [100]);
      await time.tickAsync(1);
      assertEquals(sizes, [100, 50]);
    }));
});

describe("a router that is told nothing", () => {
  it("prints warnings, without the stacks of errors, and errors, and nothing else", () => {
    const printed: unknown[][] = [];
    const levels = ["debug", "info", "log", "warn", "error"] as const;
    const stubs = levels.map((level) =>
      stub(console, level, (...args: unknown[]) => void printed.push([level, ...args]))
    );
    const { logger } = checkRouterOptions({});
    const error = new Error("no");
    try {
      for (const level of ["debug", "info", "warn", "error"] as const) {
        logger[level](level, { error });
      }
    } finally {
      for (const one of stubs) one.restore();
    }
    assertEquals(printed, [["warn", "warn", { error: "Error: no" }], ["error", "error", {
      error,
    }]]);
  });

  it("is described with bytes as content, or JSON where there is a schema", () => {
    const world = new World();
    world.router.on("a", "plain", world.in, () => {});
    world.router.on("b", "described", world.in, () => {});
    const payloads = { described: { type: "object" } };
    const info = { title: "Shop", version: "1.0.0" };
    const { components: { messages } } = asyncApi(world.router, info, { payloads });
    const types = Object.values(messages).map((message) => {
      return (message as { contentType: string }).contentType;
    });
    assertEquals(types, ["application/octet-stream", "application/json"]);
  });
});
