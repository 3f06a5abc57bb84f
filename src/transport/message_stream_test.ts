import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fields } from "../message/codec.ts";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import type { Message } from "../message/message.ts";
import { subscriber } from "./subscriber.ts";
import { settle, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

async function open() {
  const transport = new ScriptedTransport();
  const stream = await subscriber(transport).subscribe("orders");
  const source = transport.current;
  const give = (...ids: string[]) => source.give(...source.deliver(ids));
  return { transport, stream, source, give };
}

describe("a message stream", () => {
  it("hands out a message for each that is asked for, and keeps the others", async () => {
    const { stream, source, give } = await open();
    give("a", "b", "c");
    const iterator = stream[Symbol.asyncIterator]();
    const { value: a } = await iterator.next();
    const { value: b } = await iterator.next();
    assertEquals([(a as Message).uuid, (b as Message).uuid], ["a", "b"]);
    (a as Message).ack();
    (b as Message).ack();
    await settle();
    assertEquals(source.acks.flat(), ["a", "b"]);
    await stream.close();
    assertEquals(source.requeues, [["c+"]]);
    assertEquals(await iterator.next(), { done: true, value: undefined });
  });

  it("answers all who ask at once, in their order", async () => {
    const { stream, give } = await open();
    const iterator = stream[Symbol.asyncIterator]();
    const asked = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    give("a", "b");
    await settle();
    const closed = stream.close({ timeout: 0 });
    const results = await asked;
    assertEquals(results.map(({ value }) => (value as Message)?.uuid), ["a", "b", undefined]);
    for (const { value } of results) (value as Message | undefined)?.ack();
    await closed.catch(() => {});
  });

  it("tells of an ack that the broker did not take, which it offers again", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const errors: unknown[] = [];
      const onSettleError = (error: unknown) => errors.push(error);
      const stream = await subscriber(transport).subscribe("orders", { onSettleError });
      const source = transport.current;
      const { ack } = source;
      const down = new Error("down");
      source.ack = () => {
        source.ack = ack;
        return Promise.reject(down);
      };
      source.give(...source.deliver(["a"]));
      const { value } = await stream[Symbol.asyncIterator]().next();
      (value as Message).ack();
      await settle();
      assertEquals([errors, source.acks], [[down], []]);
      await time.tickAsync(5_000);
      assertEquals(source.acks, [["a"]]);
      await stream.close();
    }));

  it("gives back what is not settled when the loop is left", async () => {
    const { stream, source, give } = await open();
    give("a", "b", "c");
    const seen: string[] = [];
    for await (const message of stream) {
      seen.push(message.uuid);
      if (message.uuid === "a") message.ack();
      else break;
    }
    assertEquals([seen, source.acks, source.requeues.flat().sort()], [
      ["a", "b"],
      [["a"]],
      ["b", "c+"],
    ]);
    assertEquals(source.closed, 1);
  });

  it("delivers again what is nacked, with nobody else asked", () =>
    withTime(async (time) => {
      const { stream, source, give } = await open();
      give("a");
      const iterator = stream[Symbol.asyncIterator]();
      const { value } = await iterator.next();
      (value as Message).nack({ delay: 0 });
      await settle();
      assertEquals(source.requeues, [["a"]]);
      await time.tickAsync(0);
      await stream.close();
    }));

  it("close() waits for what was handed out, and gives up at its deadline", () =>
    withTime(async (time) => {
      const { stream, give } = await open();
      give("a");
      const iterator = stream[Symbol.asyncIterator]();
      const { value } = await iterator.next();
      const failed = assertRejects(() => stream.close({ timeout: 500 }), CloseTimeoutError);
      await time.tickAsync(2_000);
      await failed;
      assertEquals((value as Message).ack(), false);
    }));

  it("tells once why it gave up reconnecting", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const stream = await subscriber(transport).subscribe("orders", {
        reconnect: { initialDelay: 0, maxAttempts: 1 },
      });
      const iterator = stream[Symbol.asyncIterator]();
      const asked = Promise.allSettled([iterator.next(), iterator.next()]);
      transport.connects.push(new Error("down"));
      transport.current.cut(new Error("cut"));
      await time.tickAsync(100);
      assertEquals((await asked).map(({ status }) => status), ["rejected", "fulfilled"]);
      assertEquals(await iterator.next(), { done: true, value: undefined });
    }));

  it("tells of a message that holds up others, once until it is settled", async () => {
    const transport = new ScriptedTransport({ settle: "prefix", requeue: "engine", counts: false });
    let paused = false;
    transport.prepare = (source) => {
      const fetch = source.fetch!;
      source.fetch = (room, isPaused, signal) => {
        paused = isPaused(source.lane);
        return fetch(room, isPaused, signal);
      };
    };
    const stalls: unknown[] = [];
    const stream = await subscriber(transport).subscribe("orders", {
      onStall: ({ lane, uuid, cause }) => stalls.push([lane, uuid, `${cause}`]),
    });
    const iterator = stream[Symbol.asyncIterator]();
    const { current } = transport;
    const hand = async (id: string) => {
      current.give(...current.deliver([id]));
      return (await iterator.next()).value!;
    };
    const held = await hand("held");
    for (let at = 0; at < 256; at++) (await hand(`${at}`)).ack();
    await settle();
    assertEquals(paused, true);
    const cause = "Error: It is not settled, and 255 messages are behind it";
    assertEquals(stalls, [["0", "held", cause]]);
    held.ack();
    await settle();
    assertEquals([paused, stalls.length], [false, 1]);
    await stream.close();
  });

  it("refuses options that only a router knows, and those that break their rule", async () => {
    const face = subscriber(new ScriptedTransport());
    await assertRejects(
      () => face.subscribe("orders", { workers: 2 } as object),
      TypeError,
      "Cannot subscribe to 'orders' as option 'workers' is unknown: known are group, from, prefetch",
    );
    await assertRejects(() => face.subscribe("orders", { prefetch: 0 }), RangeError, "'prefetch'");
    await assertRejects(() => face.subscribe("or..ders"), RangeError, "'topic'");
    await face.close();
  });
});

describe("batches()", () => {
  it("leave when they are full, or maxWait after their first message", () =>
    withTime(async (time) => {
      const { stream, give } = await open();
      const seen: string[][] = [];
      const reading = (async () => {
        for await (const batch of stream.batches(2, 100)) {
          seen.push(batch.map(({ uuid }) => uuid));
          for (const message of batch) message.ack();
        }
      })();
      give("a", "b", "c");
      await settle();
      assertEquals(seen, [["a", "b"]]);
      await time.tickAsync(99);
      assertEquals(seen.length, 1);
      await time.tickAsync(1);
      assertEquals(seen, [["a", "b"], ["c"]]);
      give("d");
      await time.tickAsync(50);
      await settle();
      const closed = stream.close();
      await time.tickAsync(50);
      await closed;
      await reading;
      assertEquals(seen, [["a", "b"], ["c"], ["d"]]);
    }));

  it("ask for nothing while a batch is worked on", () =>
    withTime(async (time) => {
      const { stream, source, give } = await open();
      const batches = stream.batches(2, 100)[Symbol.asyncIterator]();
      const first = batches.next();
      give("a");
      await time.tickAsync(100);
      const { value } = await first;
      give("b");
      await settle();
      // Nobody has asked for "b": a close does not wait for it.
      for (const message of value as Message[]) message.ack();
      await stream.close();
      assertEquals([source.acks, source.requeues], [[["a"]], [["b+"]]]);
      assertEquals(await batches.next(), { done: true, value: undefined });
    }));

  it("hand over what they have collected when the stream is closed", () =>
    withTime(async (time) => {
      const { stream, give, source } = await open();
      const batches = stream.batches(10, 60_000)[Symbol.asyncIterator]();
      const first = batches.next();
      give("a", "b", "c");
      await settle();
      let isClosed = false;
      const closed = stream.close().then(() => isClosed = true);
      const batch: Message[] = (await first).value;
      assertEquals(batch.map(({ uuid }) => uuid), ["a", "b", "c"]);
      for (const message of batch) message.ack();
      await time.tickAsync(0);
      assertEquals([isClosed, source.acks.flat()], [true, ["a", "b", "c"]]);
      await closed;
      assertEquals(await batches.next(), { done: true, value: undefined });
    }));

  it("give back what is not settled when the loop is left", async () => {
    const { stream, source, give } = await open();
    give("a", "b", "c");
    for await (const batch of stream.batches(2, 100)) {
      batch[0]!.ack();
      break;
    }
    assertEquals([source.acks, source.requeues.flat().sort()], [[["a"]], ["b", "c+"]]);
  });

  it("refuse a size or a wait that is none, before anybody iterates", async () => {
    const { stream } = await open();
    assertThrows(
      () => stream.batches(0, 100),
      RangeError,
      "Cannot collect batches as 'max' must be an integer of at least 1: current value is 0",
    );
    assertThrows(
      () => stream.batches(17, 100),
      RangeError,
      "Cannot collect batches as 'max' must be at most the 'prefetch', 16: current value is 17",
    );
    assertThrows(() => stream.batches(1, -1), RangeError, "'maxWait' must be at least 0 ms");
    await stream.close();
  });
});

describe("subscriber()", () => {
  it("closes all its streams, ends those that are being opened, and opens no more", async () => {
    const transport = new ScriptedTransport();
    const face = subscriber(transport);
    const stream = await face.subscribe("orders");
    transport.connects.push(new Promise(() => {}));
    const opening = assertRejects(
      () => face.subscribe("orders"),
      ClosedError,
      "Cannot subscribe to 'orders' as the subscription is closed",
    );
    await settle();
    await Promise.all([face.close(), face.close(), face[Symbol.asyncDispose]()]);
    await opening;
    assertEquals(transport.sources.map(({ closed }) => closed), [1]);
    assertEquals((await stream[Symbol.asyncIterator]().next()).done, true);
    await assertRejects(
      () => face.subscribe("orders"),
      ClosedError,
      "Cannot subscribe to 'orders' as the subscriber is closed",
    );
  });

  it("closes the transport only if it was told to, and after its streams", async () => {
    for (const options of [undefined, { closeTransport: false }, { closeTransport: true }]) {
      const transport = new ScriptedTransport();
      const order: string[] = [];
      transport.prepare = (source) => {
        source.close = () => Promise.resolve(void order.push("source"));
      };
      transport.close = () => Promise.resolve(void order.push("transport"));
      const face = subscriber(transport, options);
      await face.subscribe("orders");
      await face.close();
      assertEquals(order, options?.closeTransport ? ["source", "transport"] : ["source"]);
    }
  });

  it("refuses a time that is none, and goes on", async () => {
    const face = subscriber(new ScriptedTransport());
    await assertRejects(
      () => face.close({ timeout: NaN }),
      RangeError,
      "Cannot close the subscriber as 'timeout' must be at least 0 ms: current value is NaN",
    );
    await (await face.subscribe("orders")).close();
    await face.close();
  });

  it("passes its codec on unless a subscription has one", async () => {
    const transport = new ScriptedTransport();
    const used: string[] = [];
    const named = (name: string) => ({
      ...fields,
      decode: (...args: Parameters<typeof fields.decode>) => {
        used.push(name);
        return fields.decode(...args);
      },
    });
    const face = subscriber(transport, { codec: named("subscriber's") });
    for (const options of [{}, { codec: undefined }, { codec: named("own") }]) {
      const stream = await face.subscribe("orders", options as object);
      transport.current.give(...transport.current.deliver(["a"]));
      for await (const _ of stream) break;
    }
    await face.close();
    assertEquals([...new Set(used)], ["subscriber's", "own"]);
  });
});
