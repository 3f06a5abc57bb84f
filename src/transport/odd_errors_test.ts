import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Message } from "../message/message.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function withGetter(name: string): Error {
  return Object.defineProperty(new Error("odd"), name, {
    get() {
      throw new Error("you must not look");
    },
  });
}

const ODD: readonly [what: string, error: unknown, reason: RegExp][] = [
  ["a proxy that was revoked", revoked(), /^a object$/],
  ["an error whose stack throws", withGetter("stack"), /^Error: odd$/],
  ["an error whose message throws", withGetter("message"), /./],
  ["an error whose cause throws", withGetter("cause"), /^Error: odd$/],
  ["an error whose 'retryAfter' throws", withGetter("retryAfter"), /^Error: odd$/],
  ["an error whose stack is none", Object.assign(new Error("odd"), { stack: 7 }), /^Error: odd$/],
  ["an object without a prototype", Object.create(null), /./],
];

describe("a handler that fails with", () => {
  for (const [what, error, reason] of ODD) {
    it(`${what} is called again, and its message is a dead letter then`, () =>
      withTime(async (time) => {
        const transport = new ScriptedTransport({ requeue: "engine", counts: false });
        const letters: Message[] = [];
        let calls = 0;
        const consumption = await start(transport, () => {
          calls++;
          throw error;
        }, {
          retry: { delays: [10] },
          deadLetter: {
            topic: "dead",
            handler: "bill",
            publish: (letter) => Promise.resolve(void letters.push(letter)),
          },
        });
        const source = transport.current;
        source.give(...source.deliver(["a"]));
        await settle();
        await time.tickAsync(10);
        await settle();
        assertEquals([calls, letters.length, source.acks], [2, 1, [["a"]]]);
        assertMatch(letters[0]!.metadata.get("dlq_reason")!, reason);
        await consumption.close();
      }));
  }
});
