import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloseTimeoutError } from "../message/errors.ts";
import type { Publisher } from "../message/contracts.ts";
import type { Middleware } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { fromSubscriber } from "../transport/from_subscriber.ts";
import { DuplicateHandlerError, type Plugin, Router } from "./mod.ts";
import { Seen, settle, World } from "./testdata/world.ts";

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await body(world);
  } finally {
    await world.close();
  }
}

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
      const first = world.router.on("first", "in", world.in, () => {});
      world.router.on("bad", "in", world.in, () => {}).inFlight(1).onExhausted("dead-letter");
      await assertRejects(() => world.router.run(), TypeError, "deadLetter");
      await assertRejects(() => world.router.running, TypeError);
      assertEquals(ends, ["start", "stop"]);
      assertEquals(first.stats()?.running, 0);
      await world.router.closed;
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
      const [lag] = (await world.broker.admin.list()).map(() => 0);
      assertEquals(lag, 0);
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

  it("survives a rejection that a handler does not wait for", () =>
    inWorld(async (world) => {
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, (message) => {
        Promise.reject(new Error("forgotten")).catch(() => {});
        seen.add(message.text());
      });
      await world.run();
      await world.publish("in", "a", "b");
      await seen.count(2);
    }));
});
