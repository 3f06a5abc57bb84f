import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Message } from "../message/message.ts";
import { fields } from "../message/codec.ts";
import { consume, type Consumption } from "./consumption.ts";
import type { ConsumeOptions } from "./consume_options.ts";
import { settle, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

/** A consumption in batches of three, and the calls of its handler: uuids and attempts. */
class World {
  readonly transport = new ScriptedTransport();
  readonly calls: string[] = [];
  readonly letters: string[] = [];
  consumption!: Consumption;

  static async open(
    fails: (uuids: string[]) => unknown,
    options: Partial<ConsumeOptions> = {},
  ): Promise<World> {
    const world = new World();
    const consumer = (messages: readonly Message[]) => {
      world.calls.push(messages.map(({ uuid, attempt }) => `${uuid}${attempt}`).join(" "));
      return fails(messages.map(({ uuid }) => uuid));
    };
    world.consumption = await consume(world.transport, consumer, {
      topic: "orders",
      batch: { size: 3, maxWait: 50 },
      ...options,
    });
    return world;
  }

  give(ids: string[], key = ""): void {
    this.transport.current.give(...this.transport.current.deliver(ids, { key }));
  }
}

function failing(...bad: string[]): (uuids: string[]) => void {
  return (uuids) => {
    const found = uuids.find((uuid) => bad.includes(uuid));
    if (found !== undefined) throw new Error(`${found} is bad`);
  };
}

describe("batches", () => {
  it("leave when they are full, or when their first message has waited long enough", () =>
    withTime(async (time) => {
      const world = await World.open(() => {});
      world.give(["a", "b", "c", "d"]);
      await settle();
      assertEquals(world.calls, ["a1 b1 c1"]);
      await time.tickAsync(49);
      assertEquals(world.calls.length, 1);
      await time.tickAsync(1);
      assertEquals(world.calls, ["a1 b1 c1", "d1"]);
      await world.consumption.close();
    }));

  it("are given back half-collected at the end", async () => {
    const world = await World.open(() => {});
    world.give(["a", "b"]);
    await settle();
    await world.consumption.close();
    assertEquals([world.calls, world.transport.current.requeues], [[], [["a+", "b+"]]]);
  });

  it("leave half-collected at the end where there is nobody to give them back to", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport({ settle: "none", requeue: "engine", counts: false });
      const calls: string[] = [];
      const consumption = await consume(transport, (messages) => {
        calls.push(messages.map(({ uuid }) => uuid).join(" "));
        if (calls.length === 1) throw new Error("not yet");
      }, { topic: "orders", batch: { size: 3, maxWait: 60_000 }, retry: { delays: [50] } });
      const { current } = transport;
      current.give(...current.deliver(["a", "b"]));
      await settle();
      assertEquals(calls, []);
      const closed = consumption.close();
      await settle();
      assertEquals(calls, ["a b"]);
      await time.tickAsync(50);
      await closed;
      assertEquals([calls, consumption.stats().lost], [["a b", "a b"], 0]);
    }));

  it("that return ack what they left unsettled, and only that", async () => {
    const world = await World.open(() => {});
    const { consumption } = world;
    await consumption.close();
    const transport = new ScriptedTransport();
    const other = await consume(transport, (messages) => {
      messages[0]!.nack({ delay: 0 });
      messages[1]!.ack();
    }, { topic: "orders", batch: { size: 3, maxWait: 50 }, retry: 1 });
    transport.current.give(...transport.current.deliver(["a", "b", "c"]));
    await settle();
    assertEquals(transport.current.acks.flat(), ["b", "c"]);
    assertEquals(transport.current.requeues, [["a"]]);
    await other.close();
  });

  it("that fail are failures of what they left open, or of their last message", async () => {
    const failures: string[] = [];
    const transport = new ScriptedTransport();
    const consumer = (messages: readonly Message[]) => {
      for (const message of messages) if (message.uuid !== "b") message.ack();
      throw new Error("no");
    };
    const consumption = await consume(transport, consumer, {
      topic: "orders",
      batch: { size: 3, maxWait: 50 },
      onExhausted: "discard",
      onFailure: ({ message, verdict }) => failures.push(`${message.uuid} ${verdict.kind}`),
    });
    const source = transport.current;
    source.give(...source.deliver(["a", "b", "c"]));
    await settle();
    // Once with the others, once alone.
    assertEquals(failures, ["b discard", "b discard"]);
    source.give(...source.deliver(["d", "e", "f"]));
    await settle();
    assertEquals(failures.slice(2), ["f acked"]);
    assertEquals(consumption.stats().failed, 3);
    await consumption.close();
  });

  it("of a key hold up the next one of their lane, and no other lane", () =>
    withTime(async (time) => {
      const world = await World.open(failing("b"), {
        ordered: "key",
        retry: { delays: [1_000, 1_000] },
        workers: 4,
      });
      const { current } = world.transport;
      world.give(["a", "b", "c", "d", "e", "f"], "k");
      const lane = { name: "other", fenced: false };
      current.give(...current.deliver(["x", "y", "z"], { key: "k2", lane }));
      await settle();
      assertEquals(world.calls, ["a1 b1 c1", "x1 y1 z1"]);
      await time.tickAsync(1_000);
      assertEquals(world.calls.slice(2), ["a2 b2 c2"]);
      await world.consumption.close();
    }));

  it("let nothing pass a message of its key that waits, alone or together", () =>
    withTime(async (time) => {
      const world = await World.open(failing("a"), { ordered: "key", onExhausted: "redeliver" });
      world.give(["a", "b"], "k");
      world.give(["c"], "other");
      await settle();
      assertEquals(world.calls, ["a1 b1 c1", "a2", "c2"]);
      await time.tickAsync(2_000);
      assertEquals(world.calls.slice(3), ["a3 b2", "a4"]);
      assertEquals(world.transport.current.acks, [["c"]]);
      const closed = world.consumption.close({ timeout: 0 });
      await time.tickAsync(1_000);
      await closed;
      assertEquals(world.transport.current.requeues, [["a+", "b+"]]);
    }));

  it("give up only what fails alone", () =>
    withTime(async () => {
      const letters: string[] = [];
      const world = await World.open(failing("b"), {
        deadLetter: {
          topic: "dead",
          handler: "h",
          publish: ({ uuid }) => Promise.resolve(void letters.push(uuid)),
        },
      });
      world.give(["a", "b", "c"]);
      await settle();
      assertEquals([world.calls, letters], [["a1 b1 c1", "a2", "b2", "c2"], ["b"]]);
      assertEquals(world.transport.current.acks.flat().sort(), ["a", "b", "c"]);
      await world.consumption.close();
    }));

  it("are called without what cannot be read or came too often", () =>
    withTime(async () => {
      const letters: string[] = [];
      const world = await World.open(() => {}, {
        codec: {
          ...fields,
          decode: (rec, context) => {
            if (rec.id === "bad") throw new SyntaxError("no JSON");
            return fields.decode(rec, context);
          },
        },
        ordered: "key",
        deadLetter: {
          topic: "dead",
          handler: "h",
          publish: ({ uuid, metadata }) =>
            Promise.resolve(void letters.push(`${uuid} ${metadata.get("dlq_reason")}`)),
        },
      });
      const { current } = world.transport;
      current.give(
        ...current.deliver(["a"]),
        ...current.deliver(["bad"], { key: "k" }),
        ...current.deliver(["often"], { count: 2 }),
      );
      await settle();
      assertEquals(world.calls, ["a1"]);
      assertEquals(letters, [
        "bad SyntaxError: no JSON",
        "often Error: Attempt 2 is beyond the 1 that are allowed: " +
        "before it a process ended, or lost its lease, without an answer",
      ]);
      await world.consumption.close();
    }));

  it("free their worker while a dead letter cannot be published, unless order needs it", () =>
    withTime(async () => {
      const world = await World.open(failing("a", "b", "c"), {
        deadLetter: { topic: "dead", handler: "h", publish: () => new Promise(() => {}) },
        prefetch: 6,
      });
      world.give(["a", "b", "c", "d", "e", "f"]);
      await settle();
      assertEquals(world.calls.at(-1), "d1 e1 f1");
      assertEquals(world.consumption.stats().running, 0);
    }));

  it("that wait for a retry are given back when their lane is, and the next one goes on", () =>
    withTime(async (time) => {
      const world = await World.open(failing("a"), {
        ordered: "key",
        retry: { delays: [60_000] },
      });
      world.give(["a", "b", "c"], "k");
      await settle();
      const { current } = world.transport;
      const revoked = current.host.revoke(current.lane, 60_000);
      await time.tickAsync(0);
      await revoked;
      assertEquals(current.requeues, [["a+", "b+", "c+"]]);
      const lane = { name: "new", fenced: false };
      current.give(...current.deliver(["x", "y", "z"], { key: "k", lane }));
      await settle();
      assertEquals(world.calls, ["a1 b1 c1", "x1 y1 z1"]);
      await world.consumption.close();
    }));
});
