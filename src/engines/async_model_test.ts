/** Holds any program of emits, and of handlers that settle in any order, against what is promised. */
import { assert, assertEquals, assertInstanceOf, assertLessOrEqual } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";

/** What an event makes its handler do, and how it is emitted. */
interface Planned {
  act: "emit" | "enqueue";
  key: string | undefined;
  does: "returns" | "throws" | "waits";
}

/** A step of a program: an event, the end of a handler that waits, or a turn for the queue, whole or not. */
type Step = Planned | { act: "resolve" | "reject"; pick: number } | { act: "turn" | "tick" };

interface Waiting {
  key: string | undefined;
  resolve: (value: string) => void;
  reject: (reason: string) => void;
}

const event = fc.record({
  act: fc.constantFrom("emit" as const, "emit" as const, "enqueue" as const),
  key: fc.constantFrom(undefined, undefined, "x", "y"),
  does: fc.constantFrom("returns" as const, "throws" as const, "waits" as const, "waits" as const),
});
const settle = fc.record({
  act: fc.constantFrom("resolve" as const, "reject" as const),
  pick: fc.nat(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: event },
  { weight: 3, arbitrary: settle },
  { weight: 4, arbitrary: fc.record({ act: fc.constantFrom("turn" as const, "tick" as const) }) },
);
const options = fc.record({
  capacity: fc.constantFrom(1, 2, 4),
  concurrency: fc.integer({ min: 1, max: 3 }),
  overflow: fc.constantFrom(
    "block" as const,
    "error" as const,
    "drop-newest" as const,
    "drop-oldest" as const,
  ),
});
const program = fc.record({
  options,
  steps: fc.array(step, { maxLength: 60, size: "max" }),
  /** The bus is drained when all has settled, or drained or closed in the middle of it. */
  end: fc.constantFrom("settle" as const, "drain" as const, "close" as const),
});

/** Lets everything happen that needs nothing but microtasks. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await null;
}

function isRising(ids: readonly number[]): boolean {
  return ids.every((id, at) => at === 0 || ids[at - 1]! < id);
}

describe("async bus, whatever a program does", () => {
  it("handles, drops or refuses each event once, in order, and its books agree", async () => {
    await fc.assert(
      fc.asyncProperty(program, async ({ options, steps, end }) => {
        const dropped: number[] = [];
        let discarded = 0;
        const errors: unknown[] = [];
        const bus = createAsyncBus({
          ...options,
          onDrop: ({ event, count }) => {
            if (event === undefined) discarded += count;
            else drop(event.data as number);
          },
          onError: (error) => void errors.push(error),
        });
        const drop = (id: number) => {
          dropped.push(id);
          // Calls of `enqueue` are accepted when there is room, which may be after younger emits.
          const isOlder = (other: number) =>
            other < id && planned.get(other)!.act === "emit" && !started.includes(other) &&
            !dropped.includes(other);
          if (options.overflow === "drop-oldest" && planned.get(id)!.act === "emit") {
            if (accepted.some(isOlder)) breaches.push(`${id} was dropped before an older one`);
          }
        };
        const planned = new Map<number, Planned>();
        const started: number[] = [];
        const waiting: Waiting[] = [];
        const breaches: string[] = [];
        let failures = 0;
        bus.on("a", ({ data, key }) => {
          const { does } = planned.get(data as number)!;
          if (key !== undefined && waiting.some((other) => other.key === key)) {
            breaches.push(`${data} beside another event of key ${key}`);
          }
          started.push(data as number);
          if (does === "throws") {
            failures++;
            throw "thrown";
          }
          if (does === "returns") return;
          if (waiting.length === options.concurrency) breaches.push(`${data} is one too many`);
          return new Promise<string>((resolve, reject) => waiting.push({ key, resolve, reject }));
        });

        const accepted: number[] = [];
        const refused: unknown[] = [];
        let enqueued = 0;
        const finish = (act: "resolve" | "reject", pick: number) => {
          const [handler] = waiting.splice(pick % Math.max(1, waiting.length), 1);
          if (handler !== undefined && act === "reject") failures++;
          handler?.[act]("settled");
        };
        for (const [id, step] of steps.entries()) {
          if ("pick" in step) finish(step.act, step.pick);
          else if (!("key" in step)) await (step.act === "turn" ? settled() : null);
          else {
            planned.set(id, step);
            const { key } = step;
            const event = { type: "a", data: id, ...(key === undefined ? {} : { key }) };
            if (step.act === "enqueue") {
              enqueued++;
              bus.enqueue(event).then(() => accepted.push(id), (error) => refused.push(error));
            } else {
              try {
                bus.emit(event);
                accepted.push(id);
              } catch (error) {
                assertInstanceOf(error, QueueFullError);
                assert(!options.overflow.startsWith("drop"));
              }
            }
          }
          const { emitted, processed, dropped: lost, depth } = bus.stats();
          assertEquals(emitted, processed + lost + depth);
          assertLessOrEqual(processed + lost, emitted);
          assertLessOrEqual(depth, options.capacity + options.concurrency);
        }

        const settleAll = async () => {
          await settled();
          while (waiting.length > 0) {
            finish("resolve", 0);
            await settled();
          }
        };
        if (end === "settle") {
          await settleAll();
          assertEquals(bus.stats().depth, 0);
        }
        const ended = end === "close" ? bus.close() : bus.drain();
        await settleAll();
        const report = await ended;
        if (end === "settle") assertEquals(refused, []);
        assertEquals(breaches, []);
        for (const error of refused) assertInstanceOf(error, BusClosedError);
        const had = new Set([...started, ...dropped]);
        assertEquals(had.size, started.length + dropped.length, "each once");
        assertEquals([...had].filter((id) => !accepted.includes(id)), []);
        assertEquals(had.size + discarded, accepted.length);
        assertEquals(report ?? { discarded: 0, inDoubt: 0, stuck: 0 }, {
          discarded,
          inDoubt: 0,
          stuck: 0,
        });
        for (const act of ["emit", "enqueue"]) {
          for (const key of [undefined, "x", "y"]) {
            const same = started.filter((id) =>
              planned.get(id)!.act === act && planned.get(id)!.key === key
            );
            assert(isRising(same), `${act}, key ${key}: ${same}`);
          }
        }
        const stats = bus.stats();
        assertEquals([stats.emitted, stats.failed], [accepted.length, failures]);
        assertEquals([stats.depth, stats.dropped], [0, dropped.length + discarded]);
        assertEquals(errors.length, failures);
        const admitted = accepted.filter((id) => planned.get(id)!.act === "enqueue").length;
        assertEquals(admitted + refused.length, enqueued);
      }),
      { numRuns: 1_000 },
    );
  });
});
