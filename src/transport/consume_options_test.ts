import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { ConsumeOptions } from "./consume_options.ts";
import { consume } from "./consumption.ts";
import type { Traits } from "./port.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

const PAUSE = { failureRate: 0.5, minimum: 1, window: 1, resumeAfter: 1 };
const LETTERS = { topic: "dead", handler: "h", publish: () => Promise.resolve() };

async function refusal(options: object, traits: Partial<Traits> = {}): Promise<string> {
  const transport = new ScriptedTransport(traits);
  const error = await assertRejects(
    () => consume(transport, () => {}, { topic: "t", ...options } as ConsumeOptions),
    Error,
  );
  assertEquals(transport.connected, 0);
  return `${error.name}: ${error.message}`.replace("Cannot consume 't' as ", "");
}

describe("consume() refuses", () => {
  const refused: [options: object, error: string, traits?: Partial<Traits>][] = [
    [
      { worker: 1 },
      "TypeError: option 'worker' is unknown: known are topic, group, workers, prefetch, codec, onExhausted, signal, onFailure, onStall, onSettleError, onConnection, onPause, from, ordered, batch, retry, deadLetter, pauseOn, reconnect",
    ],
    [
      { group: "" },
      "RangeError: 'group' must be a text of 1 to 200 characters without NUL and lone surrogates: current value is ''",
    ],
    [
      { group: "g" },
      "RangeError: 'group' must be left out where there are no groups: current value is 'g'",
      { groups: false },
    ],
    [{ workers: 0 }, "RangeError: 'workers' must be an integer of at least 1: current value is 0"],
    [
      { prefetch: 1.5 },
      "RangeError: 'prefetch' must be an integer of at least 1: current value is 1.5",
    ],
    [{ codec: 5 }, "TypeError: 'codec' must be an object: current value is 5"],
    [
      { signal: {} },
      "TypeError: 'signal' must be an AbortSignal: current value is [object Object]",
    ],
    [{ onStall: 1 }, "TypeError: 'onStall' must be a function: current value is 1"],
    [
      { onExhausted: "drop" },
      "RangeError: 'onExhausted' must be one of dead-letter, redeliver, discard: current value is 'drop'",
    ],
    [
      { from: "newest" },
      "TypeError: 'from' must be 'latest', 'earliest' or a Date: current value is 'newest'",
    ],
    [
      { from: new Date(NaN) },
      "TypeError: 'from' must be 'latest', 'earliest' or a Date: current value is [object Date]",
    ],
    [
      { from: "earliest" },
      "RangeError: 'from' must be 'latest' where nothing is retained: current value is 'earliest'",
      { retained: false },
    ],
    [
      { ordered: "keys" },
      "TypeError: 'ordered' must be 'key' or an object: current value is 'keys'",
    ],
    [{ ordered: null }, "TypeError: 'ordered' must be 'key' or an object: current value is null"],
    [
      { ordered: { scope: "member" } },
      "TypeError: 'by' must be 'key' or a function: current value is undefined",
    ],
    [
      { ordered: { by: "id" } },
      "RangeError: 'by' must be 'key' or a function: current value is 'id'",
    ],
    [
      { ordered: { by: "key", scpoe: "member" } },
      "TypeError: option 'scpoe' is unknown: known are by, scope",
    ],
    [
      { ordered: { by: "key", scope: "world" } },
      "RangeError: 'scope' must be one of group, member: current value is 'world'",
    ],
    [
      { ordered: "key" },
      "RangeError: 'scope' of 'ordered' must be 'member' where the transport keeps order within a member only: current value is 'group'",
      { keyOrder: "member" },
    ],
    [
      { ordered: { by: "key", scope: "member" } },
      "RangeError: 'ordered' must be left out where the transport keeps no order of keys",
      { keyOrder: "none" },
    ],
    [
      { batch: { size: 0, maxWait: 1 } },
      "RangeError: 'size' must be an integer of at least 1: current value is 0",
    ],
    [
      { batch: { size: 2 } },
      "TypeError: 'maxWait' must be at least 0 ms: current value is undefined",
    ],
    [
      { batch: { size: 9, maxWait: 1 }, prefetch: 8 },
      "RangeError: 'prefetch' must be at least the size of a batch, 9: current value is 8",
    ],
    [
      { retry: -1 },
      "RangeError: 'maxRetries' must be an integer of at least 0: current value is -1",
    ],
    [
      { retry: "3" },
      "TypeError: 'retry' must be a number of repeats or a policy: current value is '3'",
    ],
    [
      { onExhausted: "dead-letter" },
      "TypeError: 'onExhausted: \"dead-letter\"' must come with 'deadLetter'",
    ],
    [
      { onExhausted: "discard", deadLetter: LETTERS },
      "TypeError: 'deadLetter' must be left out with 'onExhausted: \"discard\"'",
    ],
    [
      { deadLetter: { ...LETTERS, publish: undefined } },
      "TypeError: 'publish' must be a function: current value is undefined",
    ],
    [
      { deadLetter: { ...LETTERS, topic: "a..b" } },
      "RangeError: Cannot publish dead letters as 'topic' must be 1 to 200 characters of A-Z, a-z, 0-9, '_' and '-', in segments divided by single dots: current value is 'a..b'",
    ],
    [
      { pauseOn: { ...PAUSE, failureRate: 0 } },
      "RangeError: 'failureRate' must be above 0 and at most 1: current value is 0",
    ],
    [
      { pauseOn: { failureRate: 1 } },
      "TypeError: 'minimum' of 'pauseOn' must be given",
    ],
    [
      { reconnect: { multiplier: 0.5 } },
      "RangeError: 'multiplier' must be at least 1: current value is 0.5",
    ],
    [
      { retry: { delays: [1, Infinity] } },
      "TypeError: 'delays' must be an array of finite milliseconds of at least 0: current value is [object Array]",
    ],
    [
      { reconnect: { maxAttempts: 0 } },
      "RangeError: 'maxAttempts' must be an integer of at least 1, or Infinity: current value is 0",
    ],
  ];
  for (const [options, error, traits] of refused) {
    it(error.slice(0, 90), async () => assertEquals(await refusal(options, traits), error));
  }

  it("what is no options at all, or a topic that is none", async () => {
    const transport = new ScriptedTransport();
    for (const options of [undefined, null, 5] as never[]) {
      await assertRejects(
        () => consume(transport, () => {}, options),
        TypeError,
        "'options' must be",
      );
    }
    await assertRejects(
      () => consume(transport, () => {}, { topic: "a b" }),
      RangeError,
      "'topic' must be",
    );
  });
});
