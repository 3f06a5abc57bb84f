import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Bus } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";
import { createAsyncBus } from "../engines/async.ts";
import { createFlowBus } from "../engines/flow.ts";
import { createSyncBus } from "../engines/sync.ts";
import { ClosedError, PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { consume } from "../transport/consumption.ts";
import {
  type LocalOptions,
  localPublisher,
  localSubscriber,
  localTransport,
  SubscriptionFullError,
} from "./mod.ts";

// deno-lint-ignore no-explicit-any
type AnyBus = Bus<any>;

const BUSES: [name: string, create: (options?: { onError?: () => void }) => AnyBus][] = [
  ["a sync bus", createSyncBus],
  ["an async bus", createAsyncBus],
  ["a flow bus", (options) => createFlowBus({ stages: [], batchSize: 1, ...options })],
];

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** The first messages of a stream, each acked. */
async function take(stream: AsyncIterable<Message>, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of stream) {
    message.ack();
    if (taken.push(message) === count) break;
  }
  return taken;
}

for (const [name, create] of BUSES) {
  describe(`${name} behind messages`, () => {
    it("keeps id, key, metadata, timestamp and every byte, there and back", async () => {
      const bus = create();
      const stream = await localSubscriber(bus).subscribe("order.paid");
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const sent = new Message(bytes, {
        key: "order-7",
        metadata: { tenant: "a", __proto__x: "1" },
        timestamp: new Date(1_234),
      });
      sent.metadata.set("__proto__", "own");
      await localPublisher(bus).publish("order.paid", [sent, new Message()]);
      const [message, empty] = await take(stream, 2);
      assertEquals(message!.uuid, sent.uuid);
      assertEquals(message!.key, "order-7");
      assertEquals([...message!.metadata], [...sent.metadata]);
      assertEquals(message!.timestamp, new Date(1_234));
      assertEquals(message!.payload, bytes);
      assertEquals(message!.origin?.transport, "local");
      assertEquals([empty!.key, empty!.payload.length, empty!.metadata.size], ["", 0, 0]);
    });

    it("gives messages to its handlers as events, with bytes of their own", async () => {
      const bus = create();
      const events: BusEvent[] = [];
      bus.on("order.*", (event: BusEvent) => events.push(event));
      const payload = new Uint8Array([1, 2, 3]);
      const message = new Message(payload, { key: "k", metadata: { tenant: "a" } });
      await localPublisher(bus).publish("order.paid", [message]);
      payload.fill(0);
      await turn();
      assertEquals(events, [{
        type: "order.paid",
        data: new Uint8Array([1, 2, 3]),
        id: message.uuid,
        key: "k",
        metadata: { tenant: "a" },
        timestamp: message.timestamp.getTime(),
      }]);
    });

    it("gives events to subscriptions as messages", async () => {
      const bus = create();
      const stream = await localSubscriber(bus).subscribe("a");
      bus.emit("a", { total: 12 });
      bus.emit("a", "größe");
      bus.emit("a", new Uint8Array([7]));
      bus.emit("a");
      bus.emit({ type: "a", data: null, id: "own", key: "k", timestamp: 5 });
      const messages = await take(stream, 5);
      assertEquals(messages.slice(0, 2).map((message) => message.text()), [
        '{"total":12}',
        "größe",
      ]);
      assertEquals(messages.slice(2, 4).map(({ payload }) => [...payload]), [[7], []]);
      const { uuid, key, timestamp } = messages[4]!;
      assertEquals([uuid, key, timestamp], ["own", "k", new Date(5)]);
      const ids = messages.slice(0, 4).map(({ uuid }) => uuid);
      assertEquals(new Set(ids).size, 4);
      for (const [at, id] of ids.entries()) {
        assert(id.startsWith("a/") && id.endsWith(`/${at}`), id);
      }
    });

    it("converts data as it is told to", async () => {
      const bus = create();
      const options: LocalOptions = {
        encode: (data) => `<${data}>`,
        decode: (payload) => JSON.parse(new TextDecoder().decode(payload)),
      };
      const stream = await localSubscriber(bus, options).subscribe("a");
      const seen: unknown[] = [];
      bus.on("a", ({ data }: BusEvent) => void seen.push(data));
      await localPublisher(bus, options).publish("a", Message.json([1]));
      const [message] = await take(stream, 1);
      assertEquals(message!.text(), "<1>");
      assertEquals(seen, [[1]]);
    });

    it("has no handler of a subscription that was cancelled", async () => {
      const bus = create();
      const subscriber = localSubscriber(bus);
      const aborting = new AbortController();
      await subscriber.subscribe("a", { signal: aborting.signal });
      const closed = await subscriber.subscribe("a");
      const left = await subscriber.subscribe("a");
      await subscriber.subscribe("a");
      assert(bus.stats().subscriptions >= 4);
      aborting.abort();
      await closed.close();
      bus.emit("a", 1);
      bus.emit("a", 2);
      // Neither the message that is not settled nor the one that nobody asked for holds up the end.
      for await (const message of left) {
        assertEquals(message.json(), 1);
        break;
      }
      await subscriber.close();
      assertEquals(bus.stats().subscriptions, 0);
      assertEquals(bus.closed, false);
      await assertRejects(() => subscriber.subscribe("a"), ClosedError);
    });

    it("never makes an emit wait: what finds no room fails, and is counted", async () => {
      const errors: unknown[] = [];
      const bus = create({ onError: (...args: unknown[]) => void errors.push(args[0]) });
      const stream = await localSubscriber(bus, { capacity: 3 }).subscribe("a", { prefetch: 2 });
      const others: number[] = [];
      bus.on("a", ({ data }: BusEvent) => void others.push(data as number));
      for (let i = 0; i < 8; i++) {
        try {
          bus.emit("a", i);
        } catch (error) {
          errors.push(error);
        }
      }
      await turn();
      assertEquals(errors.length, 3);
      for (const error of errors) {
        assertInstanceOf(error, SubscriptionFullError);
        assertEquals(
          error.message,
          "Cannot take an event of 'a' as the message subscription is full: 3 wait",
        );
      }
      assertEquals(bus.stats().failed, 3);
      assertEquals(others, [0, 1, 2, 3, 4, 5, 6, 7]);
      const messages = await take(stream, 5);
      assertEquals(messages.map((message) => message.json()), [0, 1, 2, 3, 4]);
      assertEquals(bus.stats().subscriptions, 1);
    });

    it("fails no emit while a subscription closes", async () => {
      const errors: unknown[] = [];
      const bus = create({ onError: (...args: unknown[]) => void errors.push(args[0]) });
      const stream = await localSubscriber(bus, { capacity: 0 }).subscribe("a", { prefetch: 1 });
      bus.emit("a", 0);
      const [message] = await Promise.all([
        stream[Symbol.asyncIterator]().next().then(({ value }) => value as Message),
        turn(),
      ]);
      const closed = stream.close();
      bus.emit("a", 1);
      bus.emit("a", 2);
      await turn();
      assertEquals([errors, bus.stats().failed], [[], 0]);
      message.ack();
      await closed;
    });

    it("takes as many as there is room for where none may wait", async () => {
      const bus = create({ onError: () => {} });
      const stream = await localSubscriber(bus, { capacity: 0 }).subscribe("a", { prefetch: 2 });
      for (let i = 0; i < 3; i++) {
        try {
          bus.emit("a", i);
        } catch (error) {
          assertInstanceOf(error, SubscriptionFullError);
        }
      }
      await turn();
      assertEquals(bus.stats().failed, 1);
      const messages = await take(stream, 2);
      assertEquals(messages.map((message) => message.json()), [0, 1]);
    });

    it("has room again when messages are settled", async () => {
      const bus = create();
      const stream = await localSubscriber(bus, { capacity: 2 }).subscribe("a", { prefetch: 1 });
      const iterator = stream[Symbol.asyncIterator]();
      for (let i = 0; i < 12; i++) {
        bus.emit("a", i);
        if (i % 3 < 2) continue;
        for (let back = 2; back >= 0; back--) {
          const { value } = await iterator.next();
          assertEquals(value!.json(), i - back);
          value!.ack();
        }
      }
      await stream.close();
      assertEquals(bus.stats().failed, 0);
    });

    it("ends its subscriptions when it closes, after what they have", async () => {
      const bus = create();
      const stream = await localSubscriber(bus).subscribe("a");
      bus.emit("a", 1);
      bus.emit("a", 2);
      await bus.drain();
      const seen: unknown[] = [];
      for await (const message of stream) {
        seen.push(message.json());
        message.ack();
      }
      assertEquals(seen, [1, 2]);
      await assertRejects(() => localSubscriber(bus).subscribe("a"), ClosedError);
    });

    it("refuses messages when it is closed", async () => {
      const bus = create();
      const publisher = localPublisher(bus);
      await bus.close();
      const error = await assertRejects(
        () => publisher.publish("a", new Message("1")),
        PublishError,
      );
      assertEquals(error.failed[0]!.outcome, "rejected");
    });

    it("retries a message that its handler fails, and keeps the order of its key", async () => {
      const bus = create();
      const calls: string[] = [];
      const done = Promise.withResolvers<void>();
      const consumption = await consume(localTransport(bus), ([message]) => {
        calls.push(`${message!.text()}/${message!.attempt}`);
        if (message!.text() === "1" && message!.attempt === 1) throw new Error("once");
        if (message!.text() === "2") done.resolve();
      }, {
        topic: "a",
        retry: { delays: [0] },
        ordered: { by: "key", scope: "member" },
      });
      bus.emit({ type: "a", data: "1", key: "k" });
      bus.emit({ type: "a", data: "2", key: "k" });
      await done.promise;
      await consumption.close();
      assertEquals(calls, ["1/1", "1/2", "2/1"]);
    });
  });
}

describe("localPublisher()", () => {
  it("fails with what a handler throws: others may have the event", async () => {
    const bus = createSyncBus();
    const seen: unknown[] = [];
    bus.on("a", ({ key, metadata }) => {
      if (key === "bad" || metadata?.bad) throw new Error("handler");
    });
    bus.on("a", ({ id }) => seen.push(id));
    const messages = [
      ...["bad", "good", "bad"].map((key) => new Message("1", { key })),
      new Message("1", { metadata: { bad: "1" } }),
      new Message("1"),
    ];
    const error = await assertRejects(
      () => localPublisher(bus).publish("a", messages),
      PublishError,
    );
    assertEquals(error.failed.map(({ index, outcome }) => [index, outcome]), [
      [0, "unknown"],
      [2, "not-attempted"],
      [3, "unknown"],
    ]);
    assertEquals(seen, [0, 1, 3, 4].map((at) => messages[at]!.uuid));
  });

  it("has emitted nothing of what cannot become an event", async () => {
    const bus = createSyncBus();
    const decode = () => {
      throw new SyntaxError("no JSON");
    };
    const error = await assertRejects(
      () => localPublisher(bus, { decode }).publish("a", new Message("1")),
      PublishError,
    );
    assertEquals(error.failed.map(({ outcome }) => outcome), ["rejected"]);
    assertEquals(bus.stats().emitted, 0);
  });

  it("refuses what is no bus, and malformed options", () => {
    const bus = createSyncBus();
    assertThrows(() => localPublisher({} as AnyBus), TypeError, "'bus' must be a bus");
    assertThrows(() => localPublisher(undefined as unknown as AnyBus), TypeError, "'bus'");
    assertThrows(() => localTransport(bus, { capacity: -1 }), RangeError, "'capacity'");
    assertThrows(() => localTransport(bus, { encode: 1 } as never), TypeError, "'encode'");
    assertThrows(() => localTransport(bus, { size: 1 } as never), TypeError, "'size' is unknown");
  });
});

describe("localSubscriber()", () => {
  it("tells the emitter of data that cannot become a message", async () => {
    const bus = createSyncBus();
    const subscriber = localSubscriber(bus);
    await subscriber.subscribe("a");
    assertThrows(() => bus.emit("a", () => {}), TypeError, "JSON has no function");
    await subscriber.close();
  });

  it("has 1 024 events wait beside those that it has taken, unless told otherwise", async () => {
    const bus = createSyncBus();
    const subscriber = localSubscriber(bus);
    await subscriber.subscribe("a", { prefetch: 2 });
    for (let i = 0; i < 1_026; i++) bus.emit("a", i);
    assertThrows(() => bus.emit("a", 0), SubscriptionFullError, "is full: 1024 wait");
    await subscriber.close();
  });

  it("has no groups and keeps no order among members", async () => {
    const subscriber = localSubscriber(createSyncBus());
    await assertRejects(() => subscriber.subscribe("a", { group: "g" }), Error);
    await assertRejects(() => subscriber.subscribe("a", { ordered: "key" }), Error);
  });
});
