import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Message } from "../message/message.ts";
import { type FirstFailure, FirstFailures } from "./first_failures.ts";
import { HOUR, withClockOff } from "../../tests/_messages/harness.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

const POLICY = { strategy: "fixed", initialDelay: 1_000, jitter: "none", maxRetries: 9 } as const;

/** Consumes from a broker that waits out delays, with a handler that fails; collects what is given up. */
async function failing(maxElapsed: number) {
  const transport = new ScriptedTransport();
  const letters: Message[] = [];
  const consumption = await start(transport, () => {
    throw new Error("no");
  }, {
    retry: { ...POLICY, maxElapsed },
    deadLetter: {
      topic: "dead",
      handler: "h",
      publish: (letter) => Promise.resolve(void letters.push(letter)),
    },
  });
  const { current } = transport;
  const comes = async (count: number) => {
    current.give(...current.deliver(["a"], { count }));
    await settle();
  };
  return { letters, comes, requeues: current.requeues, close: () => consumption.close() };
}

describe("a message that fails behind a broker that waits out its delays", () => {
  it("gets no repeat beyond 'maxElapsed', which began with its first failure", () =>
    withTime(async (time) => {
      const { letters, comes, requeues, close } = await failing(2_500);
      const began = new Date().toISOString();
      for (const count of [1, 2, 3]) {
        await comes(count);
        await time.tickAsync(1_000);
      }
      assertEquals(requeues, [["a"], ["a"]]);
      const [{ metadata }] = letters as [Message];
      assertEquals(metadata.get("dlq_attempts"), "3");
      assertEquals(metadata.get("dlq_first_failed_at"), began);
      await close();
    }));

  for (const jump of [HOUR, -HOUR]) {
    it(`gets as many repeats though the clock is set by ${jump / HOUR} h after its first failure`, () =>
      withTime(async (time) => {
        const { letters, comes, requeues, close } = await failing(2_500);
        await comes(1);
        await withClockOff(jump, async () => {
          for (const count of [2, 3]) {
            await time.tickAsync(1_000);
            await comes(count);
          }
        });
        assertEquals([requeues, letters.length], [[["a"], ["a"]], 1]);
        await close();
      }));
  }

  it("begins anew when it is published again", () =>
    withTime(async (time) => {
      const { letters, comes, requeues, close } = await failing(1_500);
      for (const count of [1, 2, 1]) {
        await comes(count);
        await time.tickAsync(1_000);
      }
      assertEquals([letters.length, requeues], [1, [["a"], ["a"]]]);
      await close();
    }));
});

function failure(at: number): FirstFailure {
  return { time: 1_000 + at, at };
}

describe("FirstFailures", () => {
  it("remembers the last ten thousand", () => {
    const failures = new FirstFailures();
    for (let at = 0; at <= 10_000; at++) failures.keep(`${at}`, failure(at));
    assertEquals(failures.take("0"), undefined);
    assertEquals([failures.take("1"), failures.take("10000")], [failure(1), failure(10_000)]);
    assertEquals(failures.take("1"), undefined);
  });

  it("forgets first what was noted longest ago, not what was noted first", () => {
    const failures = new FirstFailures();
    for (let at = 0; at < 10_000; at++) failures.keep(`${at}`, failure(1));
    failures.keep("0", failure(2));
    failures.keep("more", failure(1));
    assertEquals([failures.take("0"), failures.take("1")], [failure(2), undefined]);
  });
});
