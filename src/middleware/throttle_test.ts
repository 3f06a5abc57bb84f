import { assertEquals, assertLessOrEqual, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import {
  batch,
  eachForm,
  failureOf,
  messagesOf,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { enterScope, Message } from "../message/message.ts";
import { throttle } from "./throttle.ts";

describe("throttle", () => {
  eachForm((form, make) => {
    it(`lets 10 calls a second through of 40 that come at once, ${form}`, () =>
      withFakeTime(async (time) => {
        const starts: number[] = [];
        const handle = throttle({ limit: 10 })(() => void starts.push(time.now));
        const done = Array.from({ length: 40 }, () => handle(make()));
        await time.runAllAsync();
        await Promise.all(done);
        assertEquals(starts.length, 40);
        for (const start of starts) {
          const within = starts.filter((at) => at >= start && at < start + 1_000);
          assertLessOrEqual(within.length, 10);
        }
        assertLessOrEqual(time.now, 3_940);
      }));

    it(`calls at once when there is a token, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(throttle({ limit: 1 })(() => produced)(make()), produced);
    });

    it(`leaves the queue at once when the signal aborts, and no timer, ${form}`, () =>
      withFakeTime(async (time) => {
        const calls: string[] = [];
        const handle = throttle({ limit: 1 })((work) => void calls.push(work.handler));
        handle({ ...make(), handler: "first" });
        const leaver = { ...make(), handler: "leaver" };
        const scope = enterScope(leaver.messages.at(-1)!);
        const left = failureOf(() => handle(leaver));
        const last = handle({ ...make(), handler: "last" });
        const reason = new Error("shutdown");
        scope.abort(reason);
        assertStrictEquals(await left, reason);
        await time.tickAsync(1_000);
        await last;
        assertEquals(calls, ["first", "last"]);
        assertEquals(time.next(), false);
      }));

    it(`leaves no listener on a signal, whoever ends the wait, ${form}`, () =>
      withFakeTime(async (time) => {
        for (const end of ["turn", "abort"]) {
          const handle = throttle({ limit: 1 })(() => {});
          handle(make());
          const work = make();
          let listeners = 0;
          const scopes = work.messages.map(enterScope);
          for (const { signal } of work.messages) {
            const { addEventListener, removeEventListener } = signal;
            Object.assign(signal, {
              addEventListener(...args: Parameters<typeof addEventListener>) {
                listeners++;
                addEventListener.apply(signal, args);
              },
              removeEventListener(...args: Parameters<typeof removeEventListener>) {
                listeners--;
                removeEventListener.apply(signal, args);
              },
            });
          }
          const done = Promise.resolve(handle(work)).catch(() => {});
          assertEquals(listeners, work.messages.length);
          if (end === "abort") scopes[0]!.abort(new Error("shutdown"));
          await time.runAllAsync();
          await done;
          assertEquals(listeners, 0, end);
        }
      }));

    it(`does not queue what is aborted already, ${form}`, () =>
      withFakeTime(async (time) => {
        const handle = throttle({ limit: 1 })(() => {});
        handle(make());
        const work = make();
        const reason = new Error("shutdown");
        enterScope(work.messages[0]).abort(reason);
        assertStrictEquals(await failureOf(() => handle(work)), reason);
        assertEquals(time.next(), false);
      }));
  });

  it("keeps up with a rate that is finer than timers are", () =>
    withFakeTime(async (time) => {
      let calls = 0;
      const handle = throttle({ limit: 10_000 })(() => void calls++);
      const done = Array.from({ length: 101 }, () => handle(single()));
      await time.tickAsync(5);
      assertEquals(calls, 51);
      await time.tickAsync(5);
      assertEquals(calls, 101);
      await Promise.all(done);
      // What nobody wanted is lost: there is no burst.
      await time.tickAsync(100);
      const rest = [handle(single()), handle(single())];
      assertEquals(calls, 102);
      await time.runAllAsync();
      await Promise.all(rest);
    }));

  it("makes up for little of what it missed while nothing ran", async () => {
    const time = new FakeTime(0);
    let late = 0;
    const clock = stub(performance, "now", () => time.now + late);
    try {
      let calls = 0;
      const handle = throttle({ limit: 1_000 })(() => void calls++);
      const done = Array.from({ length: 100 }, () => handle(single()));
      late = 200;
      await time.tickAsync(1);
      assertEquals(calls, 21);
      await time.runAllAsync();
      await Promise.all(done);
    } finally {
      clock.restore();
      time.restore();
    }
  });

  it("leaves no timer when the last one that waits leaves", () =>
    withFakeTime(async (time) => {
      const handle = throttle({ limit: 1 })(() => {});
      handle(single());
      const message = new Message();
      const scope = enterScope(message);
      const left = failureOf(() => handle(single(message)));
      scope.abort(new Error("shutdown"));
      await left;
      assertEquals(time.next(), false);
      // And the next one waits for what is left of its time, no longer.
      await time.tickAsync(400);
      let isDone = false;
      const next = Promise.resolve(handle(single())).then(() => isDone = true);
      await time.tickAsync(599);
      assertEquals(isDone, false);
      await time.tickAsync(1);
      assertEquals(isDone, true);
      await next;
    }));

  it("keeps the order of arrival", () =>
    withFakeTime(async (time) => {
      const order: number[] = [];
      const handle = throttle({ limit: 100 })((work) => void order.push(Number(work.handler)));
      for (let i = 0; i < 20; i++) handle(single(undefined, { handler: `${i}` }));
      await time.runAllAsync();
      assertEquals(order, Array.from({ length: 20 }, (_, at) => at));
    }));

  it("lets nobody pass who has waited, also when their timer is late", async () => {
    const time = new FakeTime(0);
    let late = 0;
    const clock = stub(performance, "now", () => time.now + late);
    try {
      const order: string[] = [];
      const handle = throttle({ limit: 10 })((work) => void order.push(work.handler));
      handle(single(undefined, { handler: "first" }));
      const waits = handle(single(undefined, { handler: "second" }));
      late = 150;
      const comes = handle(single(undefined, { handler: "third" }));
      assertEquals(order, ["first"]);
      await time.runAllAsync();
      await Promise.all([waits, comes]);
      assertEquals(order, ["first", "second", "third"]);
    } finally {
      clock.restore();
      time.restore();
    }
  });

  it("lets a burst through after a quiet while", () =>
    withFakeTime(async (time) => {
      let calls = 0;
      const handle = throttle({ limit: 10, burst: 3 })(() => void calls++);
      for (let i = 0; i < 5; i++) handle(single());
      assertEquals(calls, 3);
      await time.tickAsync(200);
      assertEquals(calls, 5);
      await time.tickAsync(60_000);
      for (let i = 0; i < 5; i++) handle(single());
      assertEquals(calls, 8);
      await time.runAllAsync();
    }));

  it("counts a batch as one call, and all handlers together", () =>
    withFakeTime(async (time) => {
      const throttled = throttle({ limit: 1, interval: 500 });
      const starts: number[] = [];
      const done = [1, 2, 3].map(() =>
        throttled(() => void starts.push(time.now))(batch(messagesOf("a", "b", "c")))
      );
      await time.runAllAsync();
      await Promise.all(done);
      assertEquals(starts, [0, 500, 1_000]);
    }));

  it("refuses malformed options", () => {
    assertThrows(() => throttle({ limit: 0 }), RangeError, "'limit' must be above 0");
    assertThrows(() => throttle({} as never), TypeError, "'limit'");
    assertThrows(() => throttle({ limit: 1, burst: 0.5 }), RangeError, "'burst'");
    assertThrows(() => throttle({ limit: 1, interval: 0 }), RangeError, "'interval'");
    assertThrows(
      () => throttle({ limit: 1, interval: Infinity }),
      RangeError,
      "above 0 ms and finite",
    );
    throttle({ limit: 0.5, interval: 0.5, burst: 1 });
  });
});
