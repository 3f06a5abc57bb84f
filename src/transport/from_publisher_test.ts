import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ClosedError, CloseTimeoutError, PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { fromPublisher } from "./from_publisher.ts";

const two = [new Message("1"), new Message("2")];

/** A publisher whose calls the test settles. */
function held() {
  const calls: PromiseWithResolvers<void>[] = [];
  const publish = spy((_topic: string, _messages: readonly Message[]) => {
    const call = Promise.withResolvers<void>();
    calls.push(call);
    return call.promise;
  });
  const close = spy(() => Promise.resolve());
  return { publish, close, calls };
}

describe("fromPublisher()", () => {
  it("refuses what does not publish", () => {
    for (const own of [{}, null, { publish: true }]) {
      assertThrows(
        () => fromPublisher(own as never),
        TypeError,
        "Cannot make a publisher as 'own' must be an object with a method publish",
      );
    }
  });

  it("hands over one message as a list, in the order of the calls, with the options", async () => {
    const own = held();
    const made = fromPublisher(own);
    const { signal } = new AbortController();
    const all = [made.publish("a", two[0]!, { signal }), made.publish("b", two)];
    assertEquals(own.publish.calls.map(({ args }) => args) as unknown[], [
      ["a", [two[0]], { signal }],
      ["b", two, {}],
    ]);
    for (const { resolve } of own.calls) resolve();
    await Promise.all(all);
  });

  it("asks for nothing when there is nothing to publish, or the call is malformed or aborted", async () => {
    const own = held();
    const made = fromPublisher(own);
    await made.publish("a", []);
    await assertRejects(() => made.publish("a b", two), RangeError, "'topic'");
    await assertRejects(() => made.publish("a", "text" as never), TypeError, "'messages'");
    const signal = AbortSignal.abort("enough");
    assertEquals(await made.publish("a", two, { signal }).catch((reason) => reason), "enough");
    assertSpyCalls(own.publish, 0);
  });

  for (const how of ["throws", "rejects"] as const) {
    it(`does not know what became of the messages when it ${how}`, async () => {
      const cause = new Error("cut");
      const made = fromPublisher({
        publish() {
          if (how === "throws") throw cause;
          return Promise.reject(cause);
        },
      });
      const error = await assertRejects(() => made.publish("a", two), PublishError);
      assertEquals(error.failed, [0, 1].map((index) => ({ index, cause, outcome: "unknown" })));
    });
  }

  it("passes on a PublishError as it is", async () => {
    const failed = new PublishError("a", [{ index: 1, cause: "no", outcome: "rejected" }], 2);
    const made = fromPublisher({ publish: () => Promise.reject(failed) });
    assertStrictEquals(await assertRejects(() => made.publish("a", two)), failed);
  });

  it("ends the wait when the signal aborts, and keeps no listener", async () => {
    const own = held();
    const made = fromPublisher(own);
    const controller = new AbortController();
    const { signal } = controller;
    const added = spy(signal, "addEventListener");
    const removed = spy(signal, "removeEventListener");
    const published = made.publish("a", two, { signal });
    controller.abort("enough");
    const error = await assertRejects(() => published, PublishError);
    assertEquals(error.failed.map(({ cause }) => cause), ["enough", "enough"]);
    assertSpyCalls(added, 1);
    assertStrictEquals(removed.calls[0]!.args[1], added.calls[0]!.args[1]);
    own.calls[0]!.reject("too late to tell");
  });

  it("close() waits for what was published, then closes the own one, once", async () => {
    const own = held();
    const made = fromPublisher(own);
    const published = made.publish("a", two);
    const all = Promise.all([made.close(), made[Symbol.asyncDispose]()]);
    await assertRejects(() => made.publish("a", two), ClosedError);
    assertSpyCalls(own.close, 0);
    own.calls[0]!.resolve();
    await Promise.all([published, all]);
    assertSpyCalls(own.close, 1);
  });

  it("close() past the deadline leaves what was published in doubt", async () => {
    const time = new FakeTime();
    try {
      const own = held();
      const made = fromPublisher(own);
      const published = assertRejects(() => made.publish("a", two), PublishError);
      const closing = assertRejects(() => made.close({ timeout: 10 }), CloseTimeoutError);
      await time.tickAsync(10);
      const error = await closing;
      assertEquals(error.remaining, 2);
      assertEquals((await published).failed.map(({ cause }) => cause), [error, error]);
      assertSpyCalls(own.close, 1);
    } finally {
      time.restore();
    }
  });

  it("needs no close()", async () => {
    await fromPublisher({ publish: () => {} }).close();
  });
});
