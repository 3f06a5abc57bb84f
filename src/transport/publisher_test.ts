import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { type Codec, fields } from "../message/codec.ts";
import type { Publisher } from "../message/contracts.ts";
import { ClosedError, PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import type { Transport } from "./port.ts";
import { publisher, type PublisherOptions } from "./publisher.ts";
import { accessOf, transportOf } from "./publisher_access.ts";
import { ScriptedSink, settle } from "./testdata/scripted_sink.ts";

function open(options?: PublisherOptions) {
  const sink = new ScriptedSink();
  const close = spy(() => Promise.resolve());
  const transport = { name: "scripted", sink: () => sink, close } as unknown as Transport;
  return { sink, close, transport, orders: publisher(transport, options) };
}

const message = (key: string) => new Message(key, { key, uuid: key });

describe("publisher()", () => {
  it("refuses options that nobody knows or that break their rule", () => {
    const refused: [object, string][] = [
      [{ capasity: 1 }, "option 'capasity' is unknown"],
      [{ capacity: 0 }, "'capacity' must be an integer of at least 1: current value is 0"],
      [{ codec: "json" }, "'codec' must be an object: current value is 'json'"],
      [{ closeTransport: 1 }, "'closeTransport' must be a boolean: current value is 1"],
      [{ tracer: null }, "'tracer' must be an object: current value is null"],
      [{ meter: 1 }, "'meter' must be an object: current value is 1"],
    ];
    for (const [options, text] of refused) {
      assertThrows(() => open(options as never), Error, `Cannot create a publisher as ${text}`);
    }
  });

  it("closes its sink and leaves the transport open, unless it is told to close it", async () => {
    const one = open();
    await one.orders.close();
    assertEquals(one.sink.closed, 1);
    assertSpyCalls(one.close, 0);
    const both = open({ closeTransport: true });
    await both.orders[Symbol.asyncDispose]();
    assertEquals(both.sink.closed, 1);
    assertSpyCalls(both.close, 1);
  });

  it("holds at most the messages of its capacity", async () => {
    const { sink, orders } = open({ capacity: 1 });
    const all = ["a", "b"].map((key) => orders.publish("orders", message(key)));
    assertEquals(sink.inFlight, [["a"]]);
    await sink.open[0]!.confirm();
    assertEquals(sink.inFlight, [["b"]]);
    await sink.open[0]!.confirm();
    await Promise.all(all);
  });
});

describe("publisher: publish()", () => {
  it("gives the sink the records of the codec", async () => {
    const { sink, orders } = open();
    const one = new Message("paid", {
      key: "a",
      metadata: { tenant: "t" },
      timestamp: new Date(7),
    });
    const published = orders.publish("orders.paid", one);
    const [item] = sink.open[0]!.items;
    assertEquals([item!.topic, item!.identity], ["orders.paid", `orders.paid:${one.uuid}`]);
    assertEquals(item!.rec, {
      id: one.uuid,
      key: "a",
      headers: [["tenant", "t"]],
      payload: one.payload,
      time: 7,
    });
    await sink.open[0]!.confirm();
    await published;
  });

  it("tells the codec the topic", async () => {
    const encode = spy(fields.encode);
    const { sink, orders } = open({ codec: { ...fields, encode } });
    const published = orders.publish("orders", message("a"));
    assertEquals(encode.calls[0]!.args[1], { topic: "orders" });
    await sink.open[0]!.confirm();
    await published;
  });

  it("resolves at once if there is nothing to publish", async () => {
    const { sink, orders } = open();
    await orders.publish("orders", []);
    assertEquals(sink.sent, []);
  });

  it("names the topic, the failures and the cause", async () => {
    const { sink, orders } = open();
    const published = orders.publish("orders", [message("a"), message("b")]);
    const cause = new Error("too large");
    sink.open[1]!.confirm({ 0: { cause, outcome: "rejected" } });
    sink.open[0]!.confirm();
    const error = await assertRejects(() => published, PublishError);
    assertEquals(
      error.message,
      "Publishing to 'orders' failed for 1 of 2 messages, first with: too large",
    );
    assertStrictEquals(error.cause, cause);
    assertEquals(error.failed, [{ index: 1, cause, outcome: "rejected" }]);
  });

  it("ends the wait when the signal aborts, and an aborted one publishes nothing", async () => {
    const { sink, orders } = open();
    const controller = new AbortController();
    const { signal } = controller;
    const published = orders.publish("orders", message("a"), { signal });
    controller.abort("enough");
    const error = await assertRejects(() => published, PublishError);
    assertEquals(error.failed, [{ index: 0, cause: "enough", outcome: "unknown" }]);
    assertEquals(
      await orders.publish("orders", message("b"), { signal }).catch((reason) => reason),
      "enough",
    );
    assertEquals(sink.sent, [["a"]]);
    await sink.open[0]!.confirm();
  });

  it("rejects when it is closed", async () => {
    const { sink, orders } = open();
    await orders.close();
    const text = "Cannot publish as the publisher is closed";
    await assertRejects(() => orders.publish("orders", message("a")), ClosedError, text);
    await assertRejects(() => orders.publish("orders", []), ClosedError, text);
    assertEquals(sink.sent, []);
  });

  const good = message("a");
  const MALFORMED: [why: string, args: unknown[], text: string][] = [
    ["a topic that is no string", [1, good], "'topic' must be a string"],
    ["a malformed topic", ["a..b", good], "'topic' must be 1 to 200 characters"],
    ["a text for a message", ["t", "a"], "'messages' must be a Message or an array of them"],
    ["no message", ["t"], "'messages' must be a Message or an array of them"],
    ["a hole in the array", ["t", [good, , good]], "'messages[1]' must be a Message"],
    [
      "an object that looks like one",
      ["t", [good, { ...good }]],
      "'messages[1]' must be a Message",
    ],
    ["an unknown option", ["t", good, { timeout: 1 }], "option 'timeout' is unknown"],
    ["a signal that is none", ["t", good, { signal: {} }], "'signal' must be an AbortSignal"],
    [
      "metadata that no broker carries",
      ["t", [good, new Message("", { metadata: { "a b": "" } })]],
      "Cannot publish message 1 as the name of metadata must be made of",
    ],
    [
      "metadata with line breaks",
      ["t", new Message("", { metadata: { a: "b\r\nc" } })],
      "Cannot publish message 0 as metadata 'a' must have no CR, LF, NUL and lone surrogates",
    ],
  ];
  for (const [why, args, text] of MALFORMED) {
    it(`refuses ${why}, and publishes nothing of the call`, async () => {
      const { sink, orders } = open();
      const publish = orders.publish.bind(orders) as (...args: unknown[]) => Promise<void>;
      const error = await assertRejects(() => publish(...args), Error, text);
      assert(error instanceof TypeError || error instanceof RangeError);
      assertEquals(sink.sent, []);
    });
  }

  it("publishes nothing of a call with a message that the codec refuses", async () => {
    const codec: Codec = {
      ...fields,
      encode(message, context) {
        if (message.key === "b") throw new SyntaxError("no schema");
        return fields.encode(message, context);
      },
    };
    const { sink, orders } = open({ codec });
    const published = orders.publish("orders", [message("a"), message("b"), message("c")]);
    const error = await assertRejects(() => published, PublishError);
    assertEquals(error.failed.map(({ index, outcome }) => [index, outcome]), [
      [0, "not-attempted"],
      [1, "rejected"],
      [2, "not-attempted"],
    ]);
    assertEquals((error.cause as Error).message, "no schema");
    assertEquals(sink.sent, []);
  });

  const WRONG: [field: string, value: unknown][] = [
    ["id", ""],
    ["key", undefined],
    ["headers", {}],
    ["payload", "text"],
    ["time", NaN],
  ];
  for (const [field, value] of WRONG) {
    it(`refuses what a codec makes with a wrong ${field}`, async () => {
      const encode = (message: Message, context: { topic: string }) =>
        ({ ...fields.encode(message, context), [field]: value }) as Rec;
      const { sink, orders } = open({ codec: { ...fields, encode } });
      const error = await assertRejects(() => orders.publish("t", message("a")), PublishError);
      assert((error.cause as Error).message.includes(`as '${field}' must be`));
      assertEquals(sink.sent, []);
    });
  }
});

describe("the inside of a publisher", () => {
  it("has the transport, the codec and identities for each publishing", async () => {
    const { sink, orders, transport } = open();
    assertStrictEquals(transportOf(orders), transport);
    const access = accessOf(orders);
    assertStrictEquals(access.transport, transport);
    assertEquals(access.encode!("dead", message("a")).id, "a");
    const identify = ({ uuid }: Message) => `dead:${uuid}:handler`;
    const published = access.publish("dead", [message("a"), message("b")], { identify });
    assertEquals(sink.open.map(({ items }) => items[0]!.identity), [
      "dead:a:handler",
      "dead:b:handler",
    ]);
    for (const send of [...sink.open]) await send.confirm();
    await published;
  });

  it("rejects, as the outside does", async () => {
    const { orders } = open();
    await orders.close();
    await assertRejects(() => accessOf(orders).publish("dead", [message("a")], {}), ClosedError);
  });

  it("of a user's own one is its outside", async () => {
    const publish = spy(() => Promise.resolve());
    const own = { publish, close: () => Promise.resolve() } as unknown as Publisher;
    assertEquals(transportOf(own), undefined);
    const { signal } = new AbortController();
    const one = message("a");
    await accessOf(own).publish("t", [one], { signal, identify: () => "x" });
    await accessOf(own).publish("t", [one], {});
    assertEquals(publish.calls.map(({ args }) => args) as unknown[], [
      ["t", [one], { signal }],
      ["t", [one], {}],
    ]);
    await settle();
  });
});
