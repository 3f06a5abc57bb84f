import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
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
import { matchError } from "./match_error.ts";
import { retry, type RetryEvent } from "./retry.ts";

const errors = (count: number) => Array.from({ length: count }, (_, at) => new Error(`${at}`));

describe("retry", () => {
  eachForm((form, make) => {
    it(`calls the handler n + 1 times and keeps its last error, ${form}`, () =>
      withFakeTime(async (time) => {
        for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
          const thrown = errors(9);
          const handler = failing(...thrown);
          const failed = failureOf(() =>
            retry({ maxRetries: 3, initialDelay: 10 })(shape(handler))(make())
          );
          await time.runAllAsync();
          assertStrictEquals(await failed, thrown[3]);
          assertEquals(handler.calls.length, 4);
        }
      }));

    it(`returns at once what a handler returns that does not fail, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(retry()(() => produced)(make()), produced);
    });

    it(`gives the hook number and real delay before it is waited for, ${form}`, () =>
      withFakeTime(async (time) => {
        const events: (RetryEvent & { calls: number; at: number })[] = [];
        const thrown = errors(2);
        const handler = failing(...thrown);
        const handle = retry({
          maxRetries: 5,
          onRetry: (event) => events.push({ ...event, calls: handler.calls.length, at: time.now }),
        })(handler);
        const done = handle(make());
        await time.runAllAsync();
        await done;
        assertEquals(events.map(({ retry }) => retry), [1, 2]);
        assertEquals(events.map(({ calls }) => calls), [1, 2]);
        assertEquals(events.map(({ error }) => error), thrown);
        assertEquals(events[0].at, 0);
        // Full jitter: what was drawn is what was waited.
        assertEquals(Math.abs(events[1].at - events[0].delay) < 1, true);
      }));

    it(`ends the wait at once when the signal aborts, with the handler's error, ${form}`, () =>
      withFakeTime(async (time) => {
        const work = make();
        const scope = enterScope(work.messages.at(-1)!);
        const [error] = errors(1);
        const failed = failureOf(() => retry({ delays: [60_000] })(failing(error))(work));
        await time.tickAsync(10);
        scope.abort(new Error("shutdown"));
        assertStrictEquals(await failed, error);
        assertEquals(time.next(), false);
      }));

    it(`does not begin to wait when the signal is aborted already, ${form}`, async () => {
      const work = make();
      enterScope(work.messages[0]).abort(new Error("shutdown"));
      const handler = failing(...errors(9));
      let heard = 0;
      await failureOf(() => retry({ delays: [60_000], onRetry: () => heard++ })(handler)(work));
      assertEquals([handler.calls.length, heard], [1, 0]);
    });
  });

  it("makes the first call without delay", () => {
    const handler = failing();
    retry({ initialDelay: 60_000 })(handler)(single());
    assertEquals(handler.calls.length, 1);
  });

  it("grows the delay up to maxDelay", () =>
    withFakeTime(async (time) => {
      const delays: number[] = [];
      const policy = { maxRetries: 5, initialDelay: 100, maxDelay: 500, jitter: "none" } as const;
      const failed = failureOf(() =>
        retry({ ...policy, onRetry: ({ delay }) => delays.push(delay) })(failing(...errors(9)))(
          single(),
        )
      );
      await time.runAllAsync();
      await failed;
      assertEquals(delays, [100, 200, 400, 500, 500]);
      assertEquals(time.now, 1_700);
    }));

  it("begins no repeat after maxElapsed", () =>
    withFakeTime(async (time) => {
      time.tick(1_000);
      const handler = failing(...errors(99));
      const handle = retry({
        maxRetries: 99,
        strategy: "fixed",
        initialDelay: 100,
        jitter: "none",
        maxElapsed: 350,
      })(handler);
      const failed = failureOf(() => handle(single()));
      await time.runAllAsync();
      await failed;
      assertEquals([handler.calls.length, time.now], [4, 1_300]);
    }));

  it("ends at the first and at the second error that shouldRetry refuses", () =>
    withFakeTime(async (time) => {
      for (const refused of [0, 1]) {
        const thrown = errors(9);
        const handler = failing(...thrown);
        const failed = failureOf(() =>
          retry({ shouldRetry: (error) => error !== thrown[refused] })(handler)(single())
        );
        await time.runAllAsync();
        assertStrictEquals(await failed, thrown[refused]);
        assertEquals(handler.calls.length, refused + 1);
      }
    }));

  it("does not repeat an error of a permanent class, wherever it stands in the chain", async () => {
    class PermanentError extends Error {}
    const error = new Error("outside", { cause: new PermanentError("inside") });
    const handler = failing(error, error);
    const isPermanent = matchError(PermanentError);
    const handle = retry({ shouldRetry: (error) => !isPermanent(error) })(handler);
    assertStrictEquals(await failureOf(() => handle(single())), error);
    assertEquals(handler.calls.length, 1);
  });

  it("tries again only what is unsettled of a batch", () =>
    withFakeTime(async (time) => {
      const seen: string[] = [];
      let calls = 0;
      const done = retry({ delays: [1] })(({ messages }) => {
        seen.push(messages.map((message) => message.text()).join(""));
        messages[0].ack();
        if (++calls === 1) throw new Error("half done");
      })(batch(messagesOf("a", "b", "c")));
      await time.runAllAsync();
      await done;
      assertEquals(seen, ["abc", "bc"]);
    }));

  it("tries nothing again when all is settled", async () => {
    const handler = failing(...errors(9));
    const handle = retry({ delays: [60_000] })((work) => {
      work.messages[0].nack();
      return handler(work);
    });
    await failureOf(() => handle(single()));
    assertEquals(handler.calls.length, 1);
  });

  it("makes no repeat with 0, and three unless told otherwise", () =>
    withFakeTime(async (time) => {
      for (const [options, calls] of [[0, 1], [2, 3], [undefined, 4]] as const) {
        const handler = failing(...errors(9));
        const failed = failureOf(() => retry(options)(handler)(single()));
        await time.runAllAsync();
        await failed;
        assertEquals(handler.calls.length, calls);
      }
    }));

  it("logs of which message and attempt a repeat is, or of how many messages", () =>
    withFakeTime(async (time) => {
      const logger = remembering();
      const [error] = errors(1);
      const message = new Message("", { uuid: "7" });
      for (const work of [single(message, { logger }), batch(messagesOf("a", "b"), { logger })]) {
        const done = retry({ delays: [5] })(failing(error))(work);
        await time.runAllAsync();
        await done;
      }
      const facts = { handler: "bill", topic: "orders", retry: 1, delay: 5, error };
      assertEquals(logger.lines.map(({ attributes }) => attributes), [
        { ...facts, uuid: "7", attempt: 1 },
        { ...facts, messages: 2 },
      ]);
    }));

  it("logs each repeat, and a hook that throws", () =>
    withFakeTime(async (time) => {
      const logger = remembering();
      const trap = new Error("trap");
      const done = retry({
        delays: [5],
        onRetry: () => {
          throw trap;
        },
      })(failing(...errors(1)))(single(undefined, { logger }));
      await time.runAllAsync();
      await done;
      assertEquals(logger.lines.map(({ level, message }) => [level, message]), [
        ["warn", "handler failed and will be called again"],
        ["error", "'onRetry' threw"],
      ]);
      assertEquals(logger.lines[0].attributes.delay, 5);
      assertStrictEquals(logger.lines[1].attributes.error, trap);
    }));

  it("refuses a malformed policy and a misspelt option", () => {
    assertThrows(() => retry({ maxRetries: -1 }), RangeError, "Cannot create a retry middleware");
    assertThrows(() => retry({ onretry: () => {} } as never), TypeError, "delays, onRetry");
    assertThrows(
      () => retry({ delays: [1], onretry: () => {} } as never),
      TypeError,
      "jitter, onRetry",
    );
    assertThrows(() => retry({ onRetry: 1 } as never), TypeError, "'onRetry' must be a function");
  });
});
