/** Gives every option of a bus in one thread everything that it is not. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createAsyncBus } from "./async.ts";
import { createFlowBus } from "./flow.ts";
import { createSyncBus } from "./sync.ts";

const VALUES = [null, true, 5.5, NaN, -1, "x", 5n, Symbol("s"), {}, [], () => {}];

type Accepts = (value: unknown) => boolean;

const nothing: Accepts = () => false;
const booleans: Accepts = (value) => typeof value === "boolean";
const functions: Accepts = (value) => typeof value === "function";
const times: Accepts = (value) => value === 5.5;
const HOOKS = { onError: functions, onDrop: functions };
const event = { type: "a", data: 1 };

/** What takes options, and which of {@linkcode VALUES} each option accepts. */
const CALLS: [
  name: string,
  call: (options: object) => unknown,
  options: Record<string, Accepts>,
][] = [
  ["a sync bus", createSyncBus, { ...HOOKS, failFast: booleans }],
  ["an async bus", createAsyncBus, {
    ...HOOKS,
    capacity: nothing,
    overflow: nothing,
    concurrency: nothing,
  }],
  ["a flow bus", createFlowBus, {
    ...HOOKS,
    stages: Array.isArray,
    batchSize: nothing,
    batchTimeout: times,
    shards: nothing,
    spread: Array.isArray,
    capacity: nothing,
    overflow: nothing,
  }],
  ["on()", (options) => createSyncBus().on("a", () => {}, options), {
    once: booleans,
    signal: nothing,
  }],
  ["onBatch()", (options) => createFlowBus().onBatch("a", () => {}, options), {
    once: booleans,
    signal: nothing,
  }],
  ["once()", (options) => createSyncBus().once("a", options), { signal: nothing }],
  ["events()", (options) => createSyncBus().events("a", options), {
    signal: nothing,
    capacity: nothing,
    overflow: nothing,
  }],
  ["enqueue() of an async bus", (options) => createAsyncBus().enqueue(event, options), {
    signal: nothing,
    timeout: times,
  }],
  ["enqueue() of a flow bus", (options) => createFlowBus().enqueue(event, options), {
    signal: nothing,
    timeout: times,
  }],
  ["flush()", (options) => createFlowBus().flush(options), { signal: nothing }],
  ["drain()", (options) => createSyncBus().drain(options), { timeout: times, signal: nothing }],
  ["close()", (options) => createSyncBus().close(options), { timeout: times }],
];

/** What a call throws or rejects with; `undefined` if nothing. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
}

describe("the options of", () => {
  for (const [name, call, options] of CALLS) {
    it(`${name} are checked, each by its own rule`, async () => {
      for (const [option, accepts] of Object.entries(options)) {
        for (const value of VALUES) {
          const failure = await failureOf(() => call({ [option]: value }));
          const what = `${option}: ${String(value)}`;
          if (accepts(value)) assertEquals(failure, undefined, what);
          else {
            assert(failure instanceof TypeError || failure instanceof RangeError, what);
            assertStringIncludes(failure.message, `'${option}' must be `, what);
          }
        }
      }
    });

    it(`${name} are no other than these, and an object`, async () => {
      const unknown = await failureOf(() => call({ misspelt: 1 }));
      assert(unknown instanceof TypeError);
      const [start, known] = unknown.message.split(": known are ");
      assertStringIncludes(start, "option 'misspelt' is unknown");
      assertEquals(known.split(", ").sort(), Object.keys(options).sort());
      for (const value of [null, 5, "x", true, () => {}]) {
        const failure = await failureOf(() => call(value as unknown as object));
        assert(failure instanceof TypeError, String(value));
      }
    });
  }
});
