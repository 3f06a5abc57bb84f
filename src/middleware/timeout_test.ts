import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  remembering,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { enterScope, Message } from "../message/message.ts";
import type { Produced } from "../message/handler.ts";
import { retry } from "./retry.ts";
import { timeout } from "./timeout.ts";

const never = () => new Promise<Produced>(() => {});

describe("timeout", () => {
  eachForm((form, make) => {
    it(`rejects at the time although the handler ignores the signal, ${form}`, () =>
      withFakeTime(async (time) => {
        const failed = failureOf(() => timeout({ after: 100 })(never)(make()));
        let done = false;
        failed.then(() => done = true);
        await time.tickAsync(99);
        assertEquals(done, false);
        await time.tickAsync(1);
        const error = await failed;
        assertInstanceOf(error, DOMException);
        assertEquals(error.name, "TimeoutError");
        assertEquals(error.message, "Handler 'bill' did not end within 100 ms");
      }));

    it(`aborts the signal and puts the one before back, ${form}`, () =>
      withFakeTime(async (time) => {
        const work = make();
        const before = work.messages.map((message) => message.signal);
        let inside: AbortSignal[] = [];
        const failed = failureOf(() =>
          timeout({ after: 100 })((work) => {
            inside = work.messages.map((message) => message.signal);
            return never();
          })(work)
        );
        await time.tickAsync(100);
        const error = await failed;
        for (const signal of inside) assertStrictEquals(signal.reason, error);
        work.messages.forEach(({ signal }, at) => assertStrictEquals(signal, before[at]));
        assertEquals(before.map((signal) => signal.aborted), before.map(() => false));
      }));

    it(`leaves no timer and no scope behind a handler that ends in time, ${form}`, () =>
      withFakeTime(async (time) => {
        const work = make();
        const before = work.messages.map((message) => message.signal);
        const produced = new Message("paid");
        const handle = timeout({ after: 100 });
        assertStrictEquals(await handle(() => Promise.resolve(produced))(work), produced);
        assertStrictEquals(handle(() => produced)(work), produced);
        const error = new Error("broken");
        assertStrictEquals(await failureOf(() => handle(failing(error))(work)), error);
        const rejecting = handle(() => Promise.reject(error));
        assertStrictEquals(await failureOf(() => rejecting(work)), error);
        assertEquals(time.next(), false);
        work.messages.forEach(({ signal }, at) => assertStrictEquals(signal, before[at]));
      }));
  });

  it("aborts the signal when the one around it aborts", async () => {
    const message = new Message();
    const outer = enterScope(message);
    const reason = new Error("shutdown");
    const failed = failureOf(() =>
      timeout({ after: 1_000 })(({ messages: [{ signal }] }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
      )(single(message))
    );
    outer.abort(reason);
    assertStrictEquals(await failed, reason);
  });

  it("with allowOverrun lets the handler finish with its signal as it was", () =>
    withFakeTime(async (time) => {
      const logger = remembering();
      let ended = false;
      let signal: AbortSignal | undefined;
      const failed = failureOf(() =>
        timeout({ after: 100, allowOverrun: true })(async ({ messages: [message] }) => {
          signal = message.signal;
          await new Promise((resolve) => setTimeout(resolve, 300));
          ended = true;
          return message.copy();
        })(single(undefined, { logger }))
      );
      await time.tickAsync(100);
      assertEquals((await failed as DOMException).name, "TimeoutError");
      assertEquals(ended, false);
      await time.tickAsync(200);
      assert(ended);
      assertEquals(signal?.aborted, false);
      assertEquals(logger.lines.map(({ message, attributes }) => [message, attributes.discarded]), [
        ["handler ended after its time-out", 1],
      ]);
    }));

  it("logs a late failure, but not that the signal was obeyed", () =>
    withFakeTime(async (time) => {
      const logger = remembering();
      const broken = new Error("broken");
      const late = timeout({ after: 100 })(() =>
        new Promise((_, reject) => setTimeout(() => reject(broken), 200))
      );
      const obeys = timeout({ after: 100 })(({ messages: [{ signal }] }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
      );
      const ends = [late, obeys].map((handle) =>
        failureOf(() => handle(single(undefined, { logger })))
      );
      await time.tickAsync(200);
      await Promise.all(ends);
      assertEquals(logger.lines.map(({ attributes }) => attributes.error), [broken]);
    }));

  it("inside retry gives each call a time and a signal of its own", () =>
    withFakeTime(async (time) => {
      const signals: AbortSignal[] = [];
      const limited = timeout({ after: 100 })(({ messages: [message] }) => {
        signals.push(message.signal);
        return signals.length < 3 ? never() : undefined;
      });
      const done = retry({ delays: [10, 10] })(limited)(single());
      await time.tickAsync(220);
      await done;
      assertEquals(signals.map((signal) => signal.aborted), [true, true, false]);
    }));

  it("times the messages of a batch together", () =>
    withFakeTime(async (time) => {
      const work = batch(messagesOf("a", "b", "c"));
      let signals: AbortSignal[] = [];
      const failed = failureOf(() =>
        timeout({ after: 100 })(({ messages }) => {
          signals = messages.map((message) => message.signal);
          return never();
        })(work)
      );
      await time.tickAsync(100);
      await failed;
      assertEquals(signals.map((signal) => signal.aborted), [true, true, true]);
    }));

  it("refuses a time that is none", () => {
    timeout({ after: 0.5 });
    for (const after of [0, -1, NaN, Infinity]) {
      assertThrows(() => timeout({ after }), RangeError, "'after' must be above 0 ms");
    }
    assertThrows(() => timeout({} as never), TypeError, "current value is undefined");
    assertThrows(() => timeout({ after: 1, overrun: true } as never), TypeError, "unknown");
  });
});
