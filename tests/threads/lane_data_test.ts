import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { forFlow, type ValueCodec } from "../../mod.ts";
import { attach, share } from "../../src/engines/lanes.ts";
import { withFlowBus } from "./_flow_buses.ts";
import { withProducers } from "./_producers.ts";

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => length + at);

describe("bytes that come through a lane", () => {
  for (const pooled of [false, true]) {
    it(`${pooled ? "share a buffer" : "have buffers of their own"}: pooled ${pooled}`, async () => {
      const bus = forFlow();
      const seen: Uint8Array[] = [];
      bus.on("a", ({ data }) => void seen.push(data as Uint8Array));
      const producer = attach(share(bus, { pooled }));
      const sent = [8, 16, 24].map(bytesOf);
      producer.emitBatch(sent.map((data) => ({ type: "a", data })));
      await bus.drain();
      assertEquals(seen, sent);
      assertEquals(new Set(seen.map(({ buffer }) => buffer)).size, pooled ? 1 : 3);
    });
  }

  it("stay as they are for whoever keeps them, though the lane goes on", async () => {
    const bus = forFlow({ batchSize: 8, stages: [() => Promise.resolve()] });
    const seen: Uint8Array[] = [];
    bus.on("a", async ({ data }) => {
      await Promise.resolve();
      seen.push(data as Uint8Array);
    });
    const handle = share(bus, {
      producers: 1,
      capacity: 1_024,
      blockTimeout: 60_000,
      pooled: true,
    });
    await withProducers(handle, 1, async ([thread]) => {
      assertEquals(await thread.tell({ how: "emit bytes", count: 500 }), { accepted: 500 });
      await bus.drain();
    });
    assertEquals(seen, Array.from({ length: 500 }, (_, n) => bytesOf(n % 100)));
  });

  it("are sent on to the threads of the bus", async () => {
    const valueCodec = codecThatCalls("encode", () => {});
    await withFlowBus("flow_codec", { valueCodec }, async (bus) => {
      const seen: unknown[] = [];
      await bus.on("seen", ({ data }) => void seen.push(data)).ready;
      const producer = attach(share(bus, { valueCodec, pooled: true }), { valueCodec });
      const items = ["a", "b", "c"].map((text) => ({ text }));
      producer.emitBatch(items.map((data) => ({ type: "item", data, key: "k" })));
      await bus.drain();
      assertEquals(seen, items);
    });
  });
});

/** A codec that calls `action` first of all, on one side. */
function codecThatCalls(side: keyof ValueCodec, action: () => void): ValueCodec {
  const act = (name: keyof ValueCodec) => name === side && action();
  return {
    encode: (data) => (act("encode"), new TextEncoder().encode(JSON.stringify(data))),
    decode: (bytes) => (act("decode"), JSON.parse(new TextDecoder().decode(bytes))),
  };
}

describe("a codec that ends subscriptions of the type that it carries", () => {
  for (const patterns of [["item", "item"], ["*", "**", "*"]]) {
    it(`takes the event from no other one of ${patterns.join(" and ")}`, async () => {
      const bus = forFlow({ batchTimeout: 0 });
      const seen: unknown[] = [];
      const [last, ...others] = patterns.map((pattern) =>
        bus.on(pattern, ({ data }) => void seen.push(data))
      );
      const end = () => others.forEach((subscription) => subscription.unsubscribe());
      const valueCodec = codecThatCalls("decode", end);
      attach(share(bus, { valueCodec }), { valueCodec }).emit("item", { text: "a" });
      await bus.drain();
      assertEquals([seen, last.pattern], [[{ text: "a" }], patterns[0]]);
    });

    it(`takes it from none at home of ${patterns.join(" and ")}, where there are threads`, async () => {
      let end = () => {};
      const valueCodec = codecThatCalls("encode", () => end());
      await withFlowBus("flow_codec", { valueCodec }, async (bus) => {
        const seen: unknown[] = [];
        const [, ...others] = patterns.map((pattern) =>
          bus.on(pattern, ({ type, data }) => void (type === "item" && seen.push(data)))
        );
        end = () => others.forEach((subscription) => subscription.unsubscribe());
        bus.emit("item", { text: "a" });
        await bus.drain();
        assertEquals(seen, [{ text: "a" }]);
      });
    });
  }
});
