/** A flow bus with threads against a model of it, by random programs. */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { CrashError, type FlowErrorContext } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { TRANSPORT } from "./_buses.ts";
import { withFlowBus } from "./_flow_buses.ts";

const THREADS = 2;

/** What is emitted: its data also say what becomes of its batch. */
interface Item {
  type: string;
  key: string | undefined;
  wait: number;
  exit: boolean;
  size: number;
  /** By which call it is emitted. */
  how: "emit" | "enqueue" | "batch";
}

const item: fc.Arbitrary<Item> = fc.record({
  type: fc.constantFrom("model.a", "model.b", "model.hot"),
  key: fc.constantFrom(undefined, undefined, "k", "l", "m"),
  wait: fc.constantFrom(0, 0, 0, 0, 2),
  exit: fc.integer({ min: 0, max: 40 }).map((n) => n === 0),
  size: fc.constantFrom(0, 10, 300),
  how: fc.constantFrom("emit", "enqueue", "batch"),
});

/** Bytes of a ring that some programs fill. */
const SMALL = 4_096;

const program = fc.record({
  batchSize: fc.integer({ min: 1, max: 6 }),
  batchTimeout: fc.constantFrom(0, 3, Infinity),
  shards: fc.constantFrom(THREADS, 3 * THREADS),
  capacity: fc.constantFrom(SMALL, 65_536),
  steps: fc.array(fc.oneof({ weight: 20, arbitrary: item }, fc.constant("flush" as const)), {
    minLength: 20,
    maxLength: 80,
  }),
});

describe("a flow bus with threads and its model", () => {
  it("agree after any program of emits, flushes and deaths", async () => {
    await fc.assert(
      fc.asyncProperty(program, async ({ steps, ...settings }) => {
        const begun: { index: number; n: number }[] = [];
        const inDoubt: number[] = [];
        const accepted = new Map<number, Item>();
        const onError = (error: unknown, { event }: FlowErrorContext) => {
          if (error instanceof CrashError) inDoubt.push((event!.data as { n: number }).n);
          else throw error;
        };
        const options = { ...settings, spread: ["model.hot"], blockTimeout: 60_000, onError };
        // Home cannot replace a thread while it waits for room that the thread should make, and where
        // threads share no memory it cannot wait for room at all.
        const isFilled = settings.capacity === SMALL &&
          (TRANSPORT === "messages" || steps.some((step) => step !== "flush" && step.exit));
        await withFlowBus("batches", { threads: THREADS, ...options }, async (bus) => {
          await bus.on("begun", ({ data }) => {
            const { index, numbers } = data as { index: number; numbers: number[] };
            for (const n of numbers) begun.push({ index, n });
          }).ready;
          for (const [n, step] of steps.entries()) {
            if (step === "flush") {
              await bus.flush();
              // What threads have told meanwhile.
              await bus.flush();
              const settled = new Set([...begun.map(({ n }) => n), ...inDoubt]);
              assertEquals([...accepted.keys()].filter((n) => !settled.has(n)), []);
              continue;
            }
            const { type, key, wait, size, exit } = step;
            const how = isFilled ? "enqueue" : step.how;
            const data = { n, wait, text: "x".repeat(size), ...(exit && { exit: "now" }) };
            const event = { type, data, ...(key !== undefined && { key }) };
            if (how === "emit") bus.emit(event);
            else if (how === "batch") bus.emitBatch([event]);
            else await bus.enqueue(event);
            accepted.set(n, step);
          }
          await bus.drain();
          const { emitted, processed, dropped, depth } = bus.stats();
          assertEquals([processed + dropped, depth, dropped], [emitted, 0, inDoubt.length]);
        });

        // Each event is handled once, or in doubt once.
        const numbers = begun.map(({ n }) => n);
        assertEquals(new Set(numbers).size, numbers.length);
        assertEquals(new Set(inDoubt).size, inDoubt.length);
        assertEquals(
          [...new Set([...numbers, ...inDoubt])].sort((a, b) => a - b),
          [...accepted.keys()],
        );
        for (const [n, { exit }] of accepted) {
          if (exit) assertEquals([inDoubt.includes(n), numbers.includes(n)], [true, false]);
        }

        // What shares a shard is in one thread, in its order.
        const orders = new Map<string, { index: number; n: number }[]>();
        for (const { index, n } of begun) {
          const { key, type } = accepted.get(n)!;
          if (key === undefined && type === "model.hot") continue;
          const name = key ?? type;
          assertEquals(index, fnv1a(name) % THREADS);
          orders.set(name, [...orders.get(name) ?? [], { index, n }]);
        }
        for (const order of orders.values()) {
          const ns = order.map(({ n }) => n);
          assertEquals(ns, [...ns].sort((a, b) => a - b));
        }
      }),
      // Each run starts threads: to shrink a program takes minutes.
      { numRuns: 8, endOnFailure: true },
    );
  });
});
