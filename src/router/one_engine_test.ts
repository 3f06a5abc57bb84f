/**
 * That every way of consuming is the one engine. A gate reads the source for it; here the stack tells who
 * calls, by whatever name.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { consume } from "../transport/consumption.ts";
import type { Source, Transport } from "../transport/port.ts";
import { subscriber } from "../transport/subscriber.ts";
import { replay } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { inWorld, Seen, type World } from "./testdata/world.ts";

/** Who has opened sources, and who has fetched from them. */
class Watched {
  readonly openers = new Set<string>();
  readonly fetchers = new Set<string>();
  readonly transport: Transport;

  constructor(world: World) {
    this.transport = doctored(world, {
      source: async (spec, host) => {
        this.openers.add(caller());
        const source = await world.broker.source(spec, host);
        const fetch: Source["fetch"] = (...args) => {
          this.fetchers.add(caller());
          return take.call(source, ...args);
        };
        const take = source.fetch!;
        return Object.assign(source, { fetch });
      },
    });
  }
}

/** The file and the function that called into this one. */
function caller(): string {
  const frames = new Error().stack!.split("\n").filter((line) => /\.ts\b/.test(line));
  return frames.find((line) => !line.includes("one_engine_test.ts"))!;
}

const WAYS: Record<string, (world: World, transport: Transport, seen: Seen<string>) => unknown> = {
  async "an iterator"(world, transport, seen) {
    const stream = await subscriber(transport).subscribe("in");
    await world.publish("in", "a");
    for await (const message of stream) {
      seen.add(message.text());
      message.ack();
      break;
    }
    await stream.close();
  },
  async "an iterator of batches"(world, transport, seen) {
    const stream = await subscriber(transport).subscribe("in");
    await world.publish("in", "a");
    for await (const [message] of stream.batches(2, 1)) {
      seen.add(message!.text());
      message!.ack();
      break;
    }
    await stream.close();
  },
  async "a consumption"(world, transport, seen) {
    const consumption = await consume(
      transport,
      ([message]) => seen.add(message!.text()),
      { topic: "in", group: "g" },
    );
    await world.publish("in", "a");
    await seen.count(1);
    await consumption.close();
  },
  async "handlers of a router"(world, transport, seen) {
    const { router } = world;
    const from = subscriber(transport);
    router.on("on", "in", from, (message) => seen.add(message.text()));
    router.onBatch("batch", "in", from, ([message]) => seen.add(message!.text()))
      .batch({ size: 1, maxWait: 1 });
    router.handle("handle", "in", from, "out", world.out, (message) => {
      seen.add(message.text());
      return new Message("b");
    }).keyed().group("other");
    await world.run();
    await world.publish("in", "a");
    await seen.count(3);
    await router.close();
  },
  async "a replay"(world, transport, seen) {
    const letter = new Message("a", { metadata: { dlq_topic: "in" } });
    await world.out.publish("dead", letter);
    const from = subscriber(transport);
    const { replayed } = await replay(from, "dead", { publisher: world.out, idle: 1 });
    assertEquals(replayed, 1);
    seen.add("a");
  },
};

describe("the only engine", () => {
  for (const [name, consumes] of Object.entries(WAYS)) {
    it(`opens the source and fetches for ${name}`, () =>
      inWorld(async (world) => {
        const watched = new Watched(world);
        const seen = new Seen<string>();
        await consumes(world, watched.transport, seen);
        assert(seen.values.length > 0 && seen.values.every((text) => text === "a"));
        assertEquals([watched.openers.size, watched.fetchers.size], [1, 1]);
        assertMatch([...watched.openers][0]!, /\btransport\/engine\.ts\b/);
        assertMatch([...watched.fetchers][0]!, /\btransport\/feed\.ts\b/);
      }));
  }
});
