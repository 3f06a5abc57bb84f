/** What is so long as nobody says otherwise. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { CloseTimeoutError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { silent } from "../message/logger.ts";
import { consume } from "../transport/consumption.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { health, replay, Router } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { World } from "./testdata/world.ts";

/** Beyond the deadline: what handlers that were asked to stop, acks and the source may take. */
const GRACE = 3_000;

async function withTime(body: (time: FakeTime, world: World) => Promise<void>): Promise<void> {
  const world = new World();
  const time = new FakeTime();
  try {
    await body(time, world);
  } finally {
    time.restore();
    await world.close();
  }
}

/** Resolves when a promise has settled at so many milliseconds, and not before. */
async function settlesAt(time: FakeTime, ms: number, promise: Promise<unknown>): Promise<void> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await time.tickAsync(ms - 1);
  assertEquals(settled, false);
  await time.tickAsync(1 + GRACE);
  assertEquals(settled, true);
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
      await settlesAt(time, 30_000, closing);
    }));

  it("of a consumption", () =>
    withTime(async (time, world) => {
      const orders = await consume(world.broker, hang, { topic: "in" });
      await world.publish("in", "a");
      await time.tickAsync(0);
      const closing = assertRejects(() => orders.close(), CloseTimeoutError, "within 30000 ms");
      await settlesAt(time, 30_000, closing);
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
      await settlesAt(time, 30_000, closing);
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
      await settlesAt(time, 5_000, report);
      assertEquals((await report).ok, false);
      await router.close();
    }));

  it("waits 1 s for another dead letter", () =>
    withTime(async (time, world) => {
      const out = fromPublisher({ publish: () => Promise.resolve() });
      await settlesAt(time, 1_000, replay(world.in, "dead", { publisher: out }));
    }));
});
