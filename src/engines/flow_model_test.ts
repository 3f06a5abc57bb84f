/** A flow bus against a model of it, by random programs. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { createFlowBus } from "./flow.ts";
import { turn } from "./testdata/waits.ts";
import { fnv1a } from "./fnv1a.ts";
import type { BusEvent } from "../core/event.ts";
import type { Stage } from "./flow.ts";

/** What each number does to the stages and handlers that it comes to. */
interface Item {
  type: string;
  key: string | undefined;
  /** What the stages make of it: nothing, itself, or two. */
  copies: number;
  /** Whether the stage fails the batch that it is in. */
  poisons: boolean;
  /** Whether its handler throws, rejects, or does its work later. */
  handler: "returns" | "throws" | "rejects" | "waits";
}

const item: fc.Arbitrary<Item> = fc.record({
  type: fc.constantFrom("a", "b", "c"),
  key: fc.constantFrom(undefined, undefined, "k", "l"),
  copies: fc.constantFrom(1, 1, 1, 0, 2),
  poisons: fc.integer({ min: 0, max: 12 }).map((n) => n === 0),
  handler: fc.constantFrom("returns", "returns", "returns", "throws", "rejects", "waits"),
});

const program = fc.record({
  batchSize: fc.integer({ min: 1, max: 5 }),
  shards: fc.integer({ min: 1, max: 3 }),
  asyncStage: fc.boolean(),
  batchHandler: fc.boolean(),
  steps: fc.array(fc.oneof({ weight: 8, arbitrary: item }, fc.constantFrom("flush", "turn")), {
    maxLength: 40,
  }),
});

/** Runs a program; returns what the bus was seen to do. */
async function run({ batchSize, shards, asyncStage, batchHandler, steps }: {
  batchSize: number;
  shards: number;
  asyncStage: boolean;
  batchHandler: boolean;
  steps: (Item | string)[];
}) {
  const batches: Item[][] = [];
  const handled: Item[] = [];
  const inBatches: Item[] = [];
  let accepted = 0;
  let settledBefore = true;
  const open = new Set<number>();
  const shardOf = ({ data }: BusEvent) => {
    const { key, type } = data as Item;
    return fnv1a(key ?? type) % shards;
  };
  const stage: Stage = (events) => {
    const items = events.map((event) => event.data as Item);
    batches.push(items);
    const places = new Set(events.map(shardOf));
    assertEquals(places.size, 1);
    const [place] = places;
    assertEquals(open.has(place), false);
    open.add(place);
    const result = () => {
      open.delete(place);
      if (items.some(({ poisons }) => poisons)) throw new Error("poison");
      return events.flatMap((event) => new Array((event.data as Item).copies).fill(event));
    };
    return asyncStage ? turn().then(result) : result();
  };
  const bus = createFlowBus({ batchSize, shards, stages: [stage], onError: () => {} });
  bus.on("*", (event) => {
    const item = event.data as Item;
    handled.push(item);
    if (item.handler === "throws") throw new Error("thrown");
    if (item.handler === "rejects") return Promise.reject(new Error("rejected"));
    if (item.handler === "waits") return turn();
  });
  if (batchHandler) {
    bus.onBatch("**", (events) => void inBatches.push(...events.map(({ data }) => data as Item)));
  }
  for (const step of steps) {
    if (step === "turn") await turn();
    else if (step === "flush") {
      const before = accepted;
      await bus.flush();
      settledBefore &&= batches.flat().length === before && bus.stats().depth === 0;
    } else {
      const { type, key } = step as Item;
      bus.emit({ type, data: step, ...(key !== undefined && { key }) });
      accepted++;
    }
    const { emitted, processed, dropped } = bus.stats();
    assertLessOrEqual(processed + dropped, emitted);
  }
  await bus.drain();
  return { bus, batches, handled, inBatches, settledBefore };
}

describe("a flow bus and its model", () => {
  it("agree after any program of emits, flushes and turns", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (program) => {
        const { bus, batches, handled, inBatches, settledBefore } = await run(program);
        const items = program.steps.filter((step) => typeof step === "object") as Item[];
        const good = batches.filter((batch) => !batch.some(({ poisons }) => poisons));
        const poisoned = batches.filter((batch) => batch.some(({ poisons }) => poisons)).flat();
        const expected = good.flat().flatMap((item) => new Array<Item>(item.copies).fill(item));
        const place = ({ key, type }: Item) => fnv1a(key ?? type) % program.shards;
        for (let shard = 0; shard < program.shards; shard++) {
          const here = (item: Item) => place(item) === shard;
          // Every event goes through exactly one batch, in the order of its shard.
          assertEquals(batches.flat().filter(here), items.filter(here));
          if (program.batchHandler) assertEquals(inBatches.filter(here), expected.filter(here));
          // A key keeps its order; other events of a batch may pass those that wait for theirs.
          for (const key of ["k", "l"]) {
            const ofKey = (item: Item) => here(item) && item.key === key;
            assertEquals(handled.filter(ofKey), expected.filter(ofKey));
          }
        }
        for (const batch of batches) assertLessOrEqual(batch.length, program.batchSize);
        assertEquals(handled.length, expected.length);
        assertEquals(settledBefore, true);
        const failing = handled.filter(({ handler }) => ["throws", "rejects"].includes(handler));
        const added = good.flat().filter(({ copies }) => copies === 2).length;
        const removed = good.flat().filter(({ copies }) => copies === 0).length;
        const { emitted, processed, dropped, depth, failed } = bus.stats();
        // A batch that loses some events and gains others has only its difference counted.
        assertEquals([processed + dropped, depth], [emitted, 0]);
        assertLessOrEqual(emitted, items.length + added);
        assertLessOrEqual(items.length, emitted);
        assertLessOrEqual(items.length - removed, processed);
        assertEquals(failed, failing.length + poisoned.length);
        assertEquals(bus.batchStats().batches, batches.length);
        assertEquals(bus.batchStats().processed, items.length);
      }),
      { numRuns: 150 },
    );
  });
});
