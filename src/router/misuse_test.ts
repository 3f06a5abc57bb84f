/** What a router refuses at the door, or as a failure of the handler that gave it. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Handler } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { subscriber } from "../transport/subscriber.ts";
import { replay, type RoutedHandler } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { inWorld, Seen, settle, type World } from "./testdata/world.ts";

/** Why a handler with this result fails. */
async function failureOf(
  world: World,
  result: unknown,
  change: (handler: RoutedHandler) => unknown = () => {},
): Promise<string> {
  const handle = (() => result) as Handler;
  const handler = world.router.handle("h", "in", world.in, undefined, world.out, handle)
    .onExhausted("discard");
  change(handler);
  await world.run();
  await world.publish("in", "a");
  while (handler.stats()!.acked === 0) await settle();
  assertEquals(handler.stats()!.discarded, 1);
  return String(world.lines.find(({ level }) => level === "error")!.attributes["error"]);
}

describe("a handler fails", () => {
  for (const result of [5, "x", {}, null, true, [5], [new Message("x"), undefined]]) {
    const what = JSON.stringify(result);
    it(`that produces ${what}, which is no message, and nothing is published`, () =>
      inWorld(async (world) => {
        const text = await failureOf(world, result, (handler) => handler.route(() => "out"));
        assert(text.includes("'result' must be nothing, a Message or an array of Messages"), text);
        assertEquals(world.broker.history("out"), []);
      }));
  }

  it("whose publisher has no topic, and none is chosen", () =>
    inWorld(async (world) => {
      const text = await failureOf(world, new Message("x"));
      assert(text.includes("produced as it has no destination"), text);
    }));

  for (const topic of ["no topic", 7, {}]) {
    it(`that is routed to ${JSON.stringify(topic)}, and nothing is published`, () =>
      inWorld(async (world) => {
        const produced = [new Message("good"), new Message("bad")];
        const text = await failureOf(
          world,
          produced,
          (handler) =>
            handler.route((message) => message.text() === "good" ? "out" : topic as string),
        );
        assert(text.includes("Cannot publish what handler 'h' produced as 'topic' must be"), text);
        assertEquals(world.broker.history("out"), []);
      }));
  }
});

describe("a router refuses at once", () => {
  type Call = (world: World, handler: RoutedHandler) => unknown;
  const refused: readonly [says: string, call: Call][] = [
    ["'name' must be", ({ router, ...world }) => router.on("", "in", world.in, () => {})],
    ["'name' must be", ({ router, ...world }) => router.on(7 as never, "in", world.in, () => {})],
    ["'topic' must be", ({ router, ...world }) => router.on("x", "a b", world.in, () => {})],
    ["'subscriber' must be made by", ({ router }) => router.on("x", "in", {} as never, () => {})],
    [
      "'subscriber(transport)' makes one",
      ({ router, broker }) => router.on("x", "in", broker as never, () => {}),
    ],
    ["'handler' must be", ({ router, ...world }) => router.on("x", "in", world.in, 7 as never)],
    [
      "'publisher' must be",
      ({ router, ...world }) => router.handle("x", "in", world.in, "out", {} as never, () => {}),
    ],
    [
      "'topic' must be",
      ({ router, ...world }) => router.handle("x", "in", world.in, "a b", world.out, () => {}),
    ],
    ["'middleware' must be", ({ router }) => router.use(7 as never)],
    ["'plugin' must be", ({ router }) => router.plugin(7 as never)],
    ["'group' must be", (_, handler) => handler.group("")],
    ["'from' must be", (_, handler) => handler.from("now" as never)],
    ["'workers' must be", (_, handler) => handler.workers(0)],
    ["'inFlight' must be", (_, handler) => handler.inFlight(0)],
    ["'scope' must be", (_, handler) => handler.keyed("all" as never)],
    ["'batch' must be set on", (_, handler) => handler.batch({ size: 1, maxWait: 1 })],
    ["'route' must be", (_, handler) => handler.route("out" as never)],
    ["'maxRetries' must be", (_, handler) => handler.retry(-1)],
    ["'topic' must be", ({ out }, handler) => handler.dlq({ topic: "a b", publisher: out })],
    ["'publisher' must be", (_, handler) => handler.dlq({ topic: "a", publisher: {} as never })],
    ["'publisher' must be", (_, handler) => handler.dlq({ topic: "a" } as never)],
    [
      "option 'tpic' is unknown",
      ({ out }, handler) => handler.dlq({ topic: "a", publisher: out, tpic: "" } as never),
    ],
    ["must be given", (_, handler) => handler.pauseOn({ minimum: 1 } as never)],
    ["'onExhausted' must be", (_, handler) => handler.onExhausted("bury" as never)],
    ["'middleware' must be", (_, handler) => handler.addMiddleware(7 as never)],
    ["'initialDelay' must be", (_, handler) => handler.reconnect({ initialDelay: -1 })],
  ];
  for (const [at, [says, call]] of refused.entries()) {
    it(`${at + 1}: ${says}`, () =>
      inWorld((world) => {
        const handler = world.router.on("h", "in", world.in, () => {});
        const error = assertThrows(() => call(world, handler)) as Error;
        assert(error instanceof TypeError || error instanceof RangeError);
        assert(error.message.includes(says), error.message);
        handler.group("g").workers(1).inFlight(1).route(() => "out").retry(0);
        return Promise.resolve();
      }));
  }

  it("the size of a batch, and what else there is to say of it", () =>
    inWorld((world) => {
      const handler = world.router.onBatch("h", "in", world.in, () => {});
      assertThrows(() => handler.batch({ size: 0, maxWait: 1 }), RangeError, "'size' must be");
      assertThrows(() => handler.batch({ wait: 1 } as never), TypeError, "'wait' is unknown");
      return Promise.resolve();
    }));

  it("what comes when it has started", () =>
    inWorld(async (world) => {
      const handler = world.router.on("h", "in", world.in, () => {});
      await world.run();
      assertThrows(() => world.router.plugin({}), TypeError, "as the router has started");
      assertThrows(() => handler.addMiddleware((next) => next), TypeError, "before it starts");
    }));

  it("options of a run, and runs afterwards all the same", () =>
    inWorld(async ({ router, ...world }) => {
      router.on("h", "in", world.in, () => {});
      await assertRejects(() => router.run({ signal: 7 as never }), TypeError, "'signal' must be");
      await assertRejects(() => router.run({ sgnal: 7 } as never), TypeError, "unknown");
      const run = router.run();
      await router.running;
      await router.close();
      await run;
    }));
});

describe("replay() refuses", () => {
  it("a subscriber that is none, a topic that is none, and no publisher", () =>
    inWorld(async (world) => {
      const options = { publisher: world.out };
      const from = world.in;
      await assertRejects(() => replay({} as never, "dead", options), TypeError, "'subscriber'");
      const says = "Cannot replay dead letters as 'topic' must be";
      await assertRejects(() => replay(from, "a b", options), RangeError, says);
      await assertRejects(
        () => replay(from, "dead", {} as never),
        TypeError,
        "'publisher' must be",
      );
      const odd = { ...options, to: "a b" };
      await assertRejects(() => replay(from, "dead", odd), RangeError, says);
    }));

  it("what its broker refuses, and leaves no listener on its signal", () =>
    inWorld(async (world) => {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      Object.assign(signal, {
        addEventListener(...args: Parameters<typeof addEventListener>) {
          listeners++;
          addEventListener.apply(signal, args);
        },
        removeEventListener(...args: Parameters<typeof removeEventListener>) {
          listeners--;
          removeEventListener.apply(signal, args);
        },
      });
      const options = { publisher: world.out, idle: 5, signal };
      const refusing = doctored(world, {
        source: () => Promise.reject(new TypeError("cannot read backwards")),
      });
      await assertRejects(
        () => replay(subscriber(refusing), "dead", options),
        TypeError,
        "read backwards",
      );
      assertEquals(listeners, 0);
      await replay(world.in, "dead", options);
      assertEquals(listeners, 0);
    }));
});

describe("a handler that is told nothing", () => {
  it("handles one message at a time", () =>
    inWorld(async (world) => {
      let running = 0;
      let most = 0;
      const seen = new Seen<string>();
      world.router.on("h", "in", world.in, async (message) => {
        most = Math.max(most, ++running);
        await settle();
        running--;
        seen.add(message.text());
      });
      await world.run();
      await world.publish("in", "a", "b", "c");
      await seen.count(3);
      assertEquals(most, 1);
    }));
});
