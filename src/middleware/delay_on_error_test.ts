import { assert, assertEquals, assertLess, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  single,
} from "../../tests/_messages/harness.ts";
import { AbortScope } from "../message/abort_scope.ts";
import { Message, receiveMessage } from "../message/message.ts";
import { delayOnError, type DelayOnErrorOptions } from "./delay_on_error.ts";
import { CircuitOpenError } from "./errors.ts";

const down = new Error("down");

function delivered(attempt: number): Message {
  const message = new Message();
  receiveMessage(message, {
    attempt,
    origin: { transport: "memory", topic: "orders", partition: "", offset: "0" },
    scope: new AbortScope(),
    settle: () => true,
  });
  return message;
}

async function delayOf(message: Message): Promise<number | undefined> {
  assertEquals(message.state, "nacked");
  const settled = await message.settled();
  return settled.kind === "nacked" ? settled.delay : undefined;
}

async function delays(options: DelayOnErrorOptions, attempts = 6): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const message = delivered(attempt);
    await failureOf(() => delayOnError(options)(failing(down))(single(message)));
    found.push(await delayOf(message));
  }
  return found;
}

describe("delayOnError", () => {
  it("nacks with a delay that doubles up to maxDelay", async () => {
    const options = { initialDelay: 1_000, maxDelay: 10_000, jitter: "none" } as const;
    assertEquals(await delays(options), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("begins with 1 s and grows to 60 s, unless told otherwise", async () => {
    const found = await delays({ jitter: "none" }, 8);
    assertEquals(found, [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
  });

  it("grows by a fractional multiplier", async () => {
    const options = { initialDelay: 1_000, multiplier: 1.5, jitter: "none" } as const;
    assertEquals(await delays(options, 3), [1_000, 1_500, 2_250]);
  });

  it("draws the delay unless told otherwise", async () => {
    const drawn = await delays({ initialDelay: 1_000_000, maxDelay: Infinity });
    drawn.forEach((delay, at) => assertLess(delay!, 1_000_000 * 2 ** at));
    assert(new Set(drawn).size > 1);
  });

  eachForm((form, make) => {
    it(`does nothing on success, ${form}`, () => {
      const work = make();
      const produced = new Message("paid");
      assertStrictEquals(delayOnError()(() => produced)(work), produced);
      assertEquals(work.messages.map(({ state }) => state), work.messages.map(() => "pending"));
    });

    it(`passes the error on, which is the reason, ${form}`, async () => {
      for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
        const work = make();
        assertStrictEquals(await failureOf(() => delayOnError()(shape(failing(down)))(work)), down);
        for (const message of work.messages) {
          const settled = await message.settled();
          assert(settled.kind === "nacked" && settled.reason === down);
        }
      }
    });
  });

  it("counts for each message of a batch by itself, and leaves what is settled", async () => {
    const messages = [delivered(1), delivered(3), delivered(1)];
    messages[2].ack();
    const handle = delayOnError({ initialDelay: 10, jitter: "none" })(failing(down));
    await failureOf(() => handle(batch(messages)));
    assertEquals(await Promise.all(messages.slice(0, 2).map(delayOf)), [10, 40]);
    assertEquals(messages[2].state, "acked");
  });

  it("begins anew with another message", async () => {
    const handle = delayOnError({ initialDelay: 10, jitter: "none" })(failing(down, down));
    const messages = [delivered(5), delivered(1)];
    for (const message of messages) await failureOf(() => handle(single(message)));
    assertEquals(await Promise.all(messages.map(delayOf)), [160, 10]);
  });

  it("waits at least as long as the error asks for", async () => {
    const message = delivered(1);
    const error = new CircuitOpenError("bill", 7_000);
    await failureOf(() => delayOnError({ initialDelay: 10 })(failing(error))(single(message)));
    assertEquals(await delayOf(message), 7_000);
  });

  it("keeps its own delay where the error asks to wait for ever", async () => {
    const message = delivered(1);
    const error = new CircuitOpenError("bill", Infinity);
    const options = { initialDelay: 10, jitter: "none" } as const;
    const failure = await failureOf(() => delayOnError(options)(failing(error))(single(message)));
    assertStrictEquals(failure, error);
    assertEquals(await delayOf(message), 10);
  });

  it("refuses malformed options", () => {
    assertThrows(() => delayOnError({ multiplier: 0.5 }), RangeError, "'multiplier'");
    assertThrows(() => delayOnError({ maxRetries: 3 } as never), TypeError, "unknown");
  });
});
