/** Middlewares in a real router, on a real transport. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import { MemoryBroker } from "../memory/mod.ts";
import type { Publisher } from "../message/contracts.ts";
import type { Middleware } from "../message/handler.ts";
import { silent } from "../message/logger.ts";
import { Message } from "../message/message.ts";
import type { Store } from "../message/store.ts";
import { Router } from "../router/mod.ts";
import { fromPublisher, publisher, subscriber } from "../transport/mod.ts";
import {
  correlation,
  deduplicate,
  delayOnError,
  memoryStore,
  prometheus,
  retry,
  type StandardSchema,
  throttle,
  timeout,
  validate,
  ValidationError,
} from "./mod.ts";

/** A broker, and a router whose handlers are added by `add`; what they publish is told by `next`. */
class World {
  readonly broker = new MemoryBroker();
  readonly out: Publisher = publisher(this.broker);
  readonly router = new Router({ closeTimeout: 1_000, logger: silent });
  readonly source = subscriber(this.broker);
  readonly #arrived: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];

  async run(watch: string, ...middleware: Middleware[]): Promise<void> {
    for (const handler of this.router.handlers()) handler.addMiddleware(...middleware);
    this.router.on("watch", watch, this.source, (message) => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#arrived.push(message);
      else waiting(message);
    });
    this.router.run().catch(() => {});
    await this.router.running;
  }

  /** The next message on the watched topic. */
  next(): Promise<Message> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    await this.router.close();
    await this.out.close();
    await this.broker.close();
  }
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

const order: StandardSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as { total?: unknown }).total === "number"
        ? { value }
        : { issues: [{ message: "expected a number", path: ["total"] }] },
  },
};

describe("in a router", () => {
  it("all repeats of retry are one attempt, and the dead letter has the handler's error", () =>
    inWorld(async (world) => {
      const attempts: number[] = [];
      world.router.on("bill", "orders", world.source, ({ attempt }) => {
        attempts.push(attempt);
        throw new Error("broken");
      }).retry({ maxRetries: 1, initialDelay: 0 }).dlq({ topic: "dead", publisher: world.out });
      await world.run("dead", retry({ maxRetries: 2, initialDelay: 0 }));
      await world.out.publish("orders", new Message("{}"));
      const { metadata } = await world.next();
      assertEquals(attempts, [1, 1, 1, 2, 2, 2]);
      assertEquals(metadata.get("dlq_attempts"), "2");
      assertStringIncludes(metadata.get("dlq_reason")!, "broken");
    }));

  it("a time-out is a failed attempt, after which the signal is another", () =>
    withFakeTime((time) =>
      inWorld(async (world) => {
        const signals: AbortSignal[] = [];
        world.router.on("bill", "orders", world.source, ({ signal }) => {
          signals.push(signal);
          return new Promise(() => {});
        }).retry({ delays: [5] }).dlq({ topic: "dead", publisher: world.out });
        await world.run("dead", timeout({ after: 100 }));
        await world.out.publish("orders", new Message("{}"));
        const letter = world.next();
        await time.tickAsync(205);
        assertStringIncludes((await letter).metadata.get("dlq_reason")!, "within 100 ms");
        assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
        assert(signals[0] !== signals[1]);
      })
    ));

  it("what is invalid of a batch is dead-lettered at once, the rest is handled", () =>
    inWorld(async (world) => {
      const handled: string[] = [];
      world.router.onBatch("bill", "orders", world.source, (messages) => {
        handled.push(...messages.map((message) => message.text()));
      }).batch({ size: 3, maxWait: 1_000 })
        .retry({ maxRetries: 9, shouldRetry: (error) => !(error instanceof ValidationError) })
        .dlq({ topic: "dead", publisher: world.out });
      await world.run("dead", validate(order));
      const orders = [{ total: 1 }, { total: "2" }, { total: 3 }];
      await world.out.publish("orders", orders.map((value) => Message.json(value)));
      const letter = await world.next();
      assertEquals(letter.json(), { total: "2" });
      assertEquals(letter.metadata.get("dlq_attempts"), "1");
      assertEquals(handled.sort(), ['{"total":1}', '{"total":3}']);
    }));

  it("a duplicate is acked unhandled, but not when what was produced could not be published", () =>
    inWorld(async (world) => {
      let calls = 0;
      let refuses = true;
      const unsteady = fromPublisher({
        publish(topic, messages) {
          if (!refuses) return world.out.publish(topic, messages);
          refuses = false;
          return Promise.reject(new Error("not now"));
        },
        close: () => Promise.resolve(),
      });
      world.router.handle("bill", "orders", world.source, "bills", unsteady, (message) => {
        calls++;
        return message.copy();
      }).retry({ delays: [0, 0, 0] });
      const store = memoryStore();
      await world.run("bills", deduplicate({ store, key: (message) => message.text() }));
      await world.out.publish("orders", new Message("a"));
      assertEquals((await world.next()).text(), "a");
      assertEquals(calls, 2);
      await world.out.publish("orders", ["a", "a", "b"].map((text) => new Message(text)));
      assertEquals((await world.next()).text(), "b");
      assertEquals(calls, 3);
    }));

  it("a duplicate of what is being handled uses up no attempt, and is no dead letter", () =>
    inWorld(async (world) => {
      const begun = Promise.withResolvers<void>();
      const { promise, resolve } = Promise.withResolvers<void>();
      let calls = 0;
      const bill = world.router.on("bill", "orders", world.source, async ({ uuid }) => {
        if (uuid === "last") return begun.resolve();
        calls++;
        await promise;
      }).workers(3).dlq({ topic: "dead", publisher: world.out });
      await world.run("dead", deduplicate({ store: memoryStore() }));
      await world.out.publish("orders", [..."aa"].map((uuid) => new Message("", { uuid })));
      await world.out.publish("orders", new Message("", { uuid: "last" }));
      await begun.promise;
      resolve();
      await bill.stop();
      assertEquals(calls, 1);
      assertEquals(world.broker.history("dead"), []);
    }));

  it("what a message leads to carries its correlation id", () =>
    inWorld(async (world) => {
      world.router.handle("bill", "orders", world.source, "bills", world.out, (message) => {
        return message.copy().metadata.delete("correlation_id") ? new Message("bill") : undefined;
      });
      await world.run("bills", correlation());
      await world.out.publish("orders", new Message("", { metadata: { correlation_id: "c-7" } }));
      assertEquals((await world.next()).metadata.get("correlation_id"), "c-7");
    }));

  it("a delay on error takes the place of the back-off", () =>
    withFakeTime((time) =>
      inWorld(async (world) => {
        const calls: number[] = [];
        world.router.on("bill", "orders", world.source, () => {
          calls.push(time.now);
          throw new Error("busy");
        }).retry({ delays: [7, 7] }).dlq({ topic: "dead", publisher: world.out });
        await world.run("dead", delayOnError({ initialDelay: 1_000, jitter: "none" }));
        await world.out.publish("orders", new Message("{}"));
        const letter = world.next();
        await time.tickAsync(3_000);
        await letter;
        assertEquals(calls.map((at) => at - calls[0]), [0, 1_000, 3_000]);
      })
    ));

  it("metrics count how messages were settled, and the attempts that it took", () =>
    inWorld(async (world) => {
      const metrics = prometheus();
      const last = Promise.withResolvers<void>();
      world.router.on("bill", "orders", world.source, ({ attempt }) => {
        if (attempt < 3) throw new Error("busy");
        last.resolve();
      }).retry({ delays: [0, 0] });
      await world.run("none", metrics.middleware);
      await world.out.publish("orders", new Message("{}"));
      await last.promise;
      await world.router.close();
      const labels = 'handler_name="bill",subscriber_name="memory"';
      for (
        const line of [
          `subscriber_messages_received_total{${labels},acked="nacked"} 2`,
          `subscriber_messages_received_total{${labels},acked="acked"} 1`,
          'handler_attempts_sum{handler_name="bill"} 3',
          'handler_inflight{handler_name="bill"} 0',
        ]
      ) assertStringIncludes(metrics.text(), line);
    }));

  for (
    const [name, middleware, calls] of [
      ["throttle", throttle({ limit: 1, interval: 3_600_000 }), 1],
      ["retry", retry({ delays: [3_600_000] }), 2],
    ] as const
  ) {
    it(`close() does not wait out what ${name} waits for`, () =>
      withFakeTime((time) =>
        inWorld(async (world) => {
          let called = 0;
          world.router.on("bill", "orders", world.source, () => {
            called++;
            if (name === "retry") throw new Error("busy");
          }).workers(2).retry(0).dlq({ topic: "dead", publisher: world.out });
          await world.run("dead", middleware);
          const messages = ["first", "second"].map((text) => new Message(text));
          await world.out.publish("orders", messages);
          await time.tickAsync(10);
          let closed = false;
          world.router.close().catch(() => {}).then(() => closed = true);
          await time.tickAsync(5_000);
          assertEquals([closed, called], [true, calls]);
        })
      ));
  }

  it("prometheus() tells how far the handlers of a router are behind", () =>
    inWorld(async (world) => {
      const metrics = prometheus();
      const go = Promise.withResolvers<void>();
      world.router.on("bill", "orders", world.source, () => go.promise);
      await world.run("paid");
      await world.out.publish("orders", ["a", "b", "c"].map((text) => new Message(text)));
      const text = await metrics.scrape(world.router.handlers());
      const lags = text.matchAll(/^handler_lag\{handler_name="bill",.*\} (\d+)$/gm);
      assertEquals([...lags].reduce((sum, [, lag]) => sum + Number(lag), 0), 3);
      go.resolve();
    }));

  it("close() waits until deduplicate() has marked what produced messages", () =>
    inWorld(async (world) => {
      const store = memoryStore();
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      const slow: Store = {
        claim: (key, lease) => store.claim(key, lease),
        extend: (key, claim, lease) => store.extend(key, claim, lease),
        release: (key, claim) => store.release(key, claim),
        done: async (key, claim, ttl) => {
          asked.resolve();
          await answer.promise;
          return await store.done(key, claim, ttl);
        },
      };
      const made = () => new Message("made");
      world.router.handle("bill", "orders", world.source, "paid", world.out, made);
      await world.run("other", deduplicate({ store: slow }));
      await world.out.publish("orders", new Message("a", { uuid: "a" }));
      await asked.promise;
      let isClosed = false;
      const closed = world.router.close().then(() => isClosed = true);
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(isClosed, false);
      answer.resolve();
      await closed;
      assertEquals((await store.claim("bill:a", 1)).kind, "done");
    }));
});
