import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { fromSubscriber } from "./from_subscriber.ts";
import { settle, withTime } from "./testdata/engine_world.ts";

describe("fromSubscriber()", () => {
  it("hands over from the first moment on, settles by the messages' own ack and nack, and ends", async () => {
    const own = [new Message("a"), new Message("b")];
    const stream = await fromSubscriber({ subscribe: () => readAll(own) }).subscribe("t");
    const seen: string[] = [];
    for await (const message of stream) {
      seen.push(message.text());
      if (seen.length === 1) message.ack();
      else message.nack({ delay: 5, reason: "bad" });
    }
    assertEquals(seen, ["a", "b"]);
    assertEquals(own.map(({ state }) => state), ["acked", "nacked"]);
  });

  it("passes group, start and prefetch on", async () => {
    const calls: unknown[] = [];
    const subscriber = fromSubscriber({
      subscribe: (...args) => {
        calls.push(args);
        return readAll([]);
      },
    });
    const first = await subscriber.subscribe("t", { group: "g", from: "earliest", prefetch: 3 });
    const second = await subscriber.subscribe("t");
    await Promise.all([first.close(), second.close()]);
    assertEquals(calls, [
      ["t", { group: "g", from: "earliest", prefetch: 3 }],
      ["t", { from: "latest", prefetch: 16 }],
    ]);
  });

  it("subscribes anew when the iteration fails", () =>
    withTime(async (time) => {
      let calls = 0;
      const stream = await fromSubscriber({
        subscribe: () => readAll([new Message(`${++calls}`)], calls === 1),
      }).subscribe("t");
      const seen: string[] = [];
      const reading = (async () => {
        for await (const message of stream) {
          seen.push(message.text());
          message.ack();
        }
      })();
      await time.tickAsync(1_000);
      await reading;
      assertEquals(seen, ["1", "2"]);
    }));

  it("gives back a message that comes when it is closed", async () => {
    const late = new Message("late");
    const { promise, resolve } = Promise.withResolvers<IteratorResult<Message>>();
    const stream = await fromSubscriber({
      subscribe: () => ({ [Symbol.asyncIterator]: () => ({ next: () => promise }) }),
    }).subscribe("t");
    await stream.close();
    resolve({ done: false, value: late });
    await settle();
    assertEquals(late.state, "nacked");
  });

  it("settles every message that it has taken when it is closed while one waits for room", async () => {
    const own = Array.from({ length: 5 }, (_, at) => new Message(String(at)));
    let taken = 0;
    async function* all(): AsyncGenerator<Message> {
      for (const message of own) {
        taken++;
        yield message;
      }
    }
    const stream = await fromSubscriber({ subscribe: all }).subscribe("t", { prefetch: 1 });
    const { value } = await stream[Symbol.asyncIterator]().next();
    (value as Message).ack();
    await settle();
    await stream.close();
    await settle();
    assertEquals(own.slice(0, taken).filter(({ state }) => state === "pending"), []);
  });

  it("closes what it is made of, and refuses what is no subscriber", async () => {
    let closed = 0;
    const subscriber = fromSubscriber({ subscribe: () => readAll([]), close: () => void closed++ });
    await subscriber.close();
    await subscriber.close();
    assertEquals(closed, 1);
    assertThrows(() => fromSubscriber({} as never), TypeError, "'own' must be an object with a");
    await assertRejects(() => subscriber.subscribe("t"), Error, "the subscriber is closed");
  });
});

async function* readAll(messages: readonly Message[], fails = false): AsyncGenerator<Message> {
  yield* messages;
  if (fails) throw new Error("cut");
}
