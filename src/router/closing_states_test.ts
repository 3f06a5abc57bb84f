import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloseTimeoutError } from "../message/errors.ts";
import { silent } from "../message/logger.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { Router } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { Seen, settle, World } from "./testdata/world.ts";

/** Brings a router into a state with one message, which a gate holds there. */
const STATES: Record<string, (world: World, gate: Promise<void>, done: string[]) => Promise<void>> =
  {
    idle: async (world) => {
      world.router.on("h", "in", world.in, () => {});
      await world.run();
    },
    fetching: async (world, gate, done) => {
      const begun = new Seen<string>();
      const slow = doctored(world, {
        source: async (spec, host) => {
          const source = await world.broker.source(spec, host);
          return {
            ack: (deliveries) => source.ack(deliveries),
            close: () => source.close(),
            fetch: async (...args) => {
              const fetched = await source.fetch!(...args);
              if (fetched.length > 0) {
                begun.add("a");
                await gate;
              }
              return fetched;
            },
          };
        },
      });
      world.router.on("h", "in", subscriber(slow), (message) => void done.push(message.text()))
        .dlq({ topic: "dead", publisher: world.out });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
    },
    handling: async (world, gate, done) => {
      const begun = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        begun.add(message.text());
        await gate;
        done.push(message.text());
      }).retry(3).dlq({ topic: "dead", publisher: world.out });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
    },
    retrying: async (world) => {
      const failed = new Seen<number>();
      world.router.on("h", "in", world.in, (message) => {
        failed.add(message.attempt);
        throw new Error("not yet");
      }).retry({ delays: [60_000] }).dlq({ topic: "dead", publisher: world.out });
      await world.run();
      await world.publish("in", "a");
      await failed.count(1);
      await settle();
    },
    publishing: async (world, gate, done) => {
      const begun = new Seen<string>();
      const slow = fromPublisher({
        publish: async (topic, messages) => {
          begun.add(topic);
          await gate;
          await world.out.publish(topic, messages);
          done.push("a");
        },
      });
      world.router.handle("h", "in", world.in, "out", slow, (message) => message.copy()).retry(3)
        .dlq({ topic: "dead", publisher: world.out });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
    },
    "dead-lettering": async (world, gate) => {
      const begun = new Seen<string>();
      const slow = fromPublisher({
        publish: async (topic) => {
          begun.add(topic);
          await gate;
          throw new Error("no room");
        },
      });
      world.router.on("h", "in", world.in, () => {
        throw new Error("poison");
      }).dlq({ topic: "dead", publisher: slow });
      await world.run();
      await world.publish("in", "a");
      await begun.count(1);
    },
  };

describe("Router: closing in every state", () => {
  for (const [state, reach] of Object.entries(STATES)) {
    for (const isLate of [false, true]) {
      it(`${state}${isLate ? ", past its deadline" : ""}: loses nothing, dead-letters nothing`, async () => {
        const world = new World();
        const gate = Promise.withResolvers<void>();
        const done: string[] = [];
        await reach(world, gate.promise, done);
        const closing = world.router.close(isLate ? { timeout: 0 } : {}).catch((error) => error);
        // By now it has reached what goes on.
        await settle();
        if (!isLate) gate.resolve();
        const error = await closing;
        const early = [...done];
        gate.resolve();
        assertEquals(await world.broker.peek("dead", 10), []);
        // What was not done is there for the next member of its group.
        const next = new Router({ logger: silent });
        const seen = new Seen<string>();
        next.on("h", "in", world.in, (message) => seen.add(message.text()));
        next.run();
        await next.running;
        if (state !== "idle") await world.publish("in", "b");
        const expected = state === "idle" ? [] : early.length > 0 ? ["b"] : ["a", "b"];
        assertEquals((await seen.count(expected.length)).toSorted(), expected);
        const holds = state === "handling" || state === "publishing" || state === "dead-lettering";
        assertEquals(error instanceof CloseTimeoutError, isLate && holds);
        await next.close();
        await world.close();
      });
    }
  }
});
