/** What is so long as nobody says otherwise. */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import type { ConsumeOptions } from "./consume_options.ts";
import type { SourceSpec, Transport } from "./port.ts";
import { publisher } from "./publisher.ts";
import { HeldHandler, settle, start } from "./testdata/engine_world.ts";
import { ScriptedSink } from "./testdata/scripted_sink.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

describe("a consumption that is told nothing", () => {
  it("is a reader of what comes from now on, whose keys may overtake each other", async () => {
    const transport = new ScriptedTransport();
    const specs: SourceSpec[] = [];
    const { source } = transport;
    transport.source = (spec, host) => {
      specs.push(spec);
      return source.call(transport, spec, host);
    };
    const consumption = await start(transport, () => {});
    assertEquals(specs, [{ topic: "orders", from: "latest", prefetch: 16, ordered: false }]);
    await consumption.close();
  });

  it("runs one handler at a time", async () => {
    const transport = new ScriptedTransport();
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle);
    const source = transport.current;
    source.give(...source.deliver(["a", "b"]));
    await settle();
    assertEquals(handler.calls, ["a1"]);
    await handler.end("a");
    assertEquals(handler.calls, ["a1", "b1"]);
    await handler.end("b");
    await consumption.close();
  });

  const batchOf = (size: number) => ({ batch: { size, maxWait: 1 } });
  const takes: [options: Partial<ConsumeOptions>, prefetch: number][] = [
    [{}, 16],
    [{ workers: 8 }, 16],
    [{ workers: 9 }, 18],
    [batchOf(8), 16],
    [batchOf(9), 18],
    [{ workers: 10, ...batchOf(11) }, 22],
  ];
  for (const [options, prefetch] of takes) {
    it(`takes ${prefetch} messages with ${JSON.stringify(options)}`, async () => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => {}, options);
      await settle();
      assertEquals(transport.current.rooms, [prefetch]);
      await consumption.close();
    });
  }
});

describe("a publisher that is told nothing", () => {
  it("holds 65 536 messages, and has what comes then wait", async () => {
    const sink = new ScriptedSink();
    sink.limits.batch = Infinity;
    const close = () => Promise.resolve();
    const orders = publisher({ name: "scripted", sink: () => sink, close } as unknown as Transport);
    const many = Array.from({ length: 65_535 }, () => new Message("", { uuid: "a", key: "a" }));
    const published = [
      many,
      new Message("", { uuid: "b", key: "b" }),
      new Message("", { uuid: "c" }),
    ]
      .map((messages) => orders.publish("orders", messages));
    const lanes = () => sink.open.map(({ items }) => [items[0]!.rec.id, items.length]);
    assertEquals(lanes(), [["a", 65_535], ["b", 1]]);
    await sink.open[1]!.confirm();
    assertEquals(lanes(), [["a", 65_535], ["c", 1]]);
    while (sink.open.length > 0) await sink.open[0]!.confirm();
    await Promise.all(published);
    await orders.close();
  });
});
