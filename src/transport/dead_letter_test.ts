import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { checkHeaders } from "../message/names.ts";
import { letterIdentity } from "./dead_letter.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

const TARGET = { topic: "dead", handler: "bill", publish: () => Promise.resolve() };

describe("the identity of a dead letter", () => {
  it("is another one after each replay, and the same at each attempt", () => {
    const identities = [{}, {}, { replays: "1" }, { replays: "2" }].map((metadata) =>
      letterIdentity(TARGET, new Message("", { uuid: "u", metadata }))
    );
    assertEquals(identities, [
      "dead:u:bill",
      "dead:u:bill",
      "dead:u:bill:replay:1",
      "dead:u:bill:replay:2",
    ]);
  });
});

/** The letter of a message whose handler fails with each of these, one second apart. */
async function letterOf(...errors: unknown[]): Promise<Message> {
  const letters: Message[] = [];
  await withTime(async (time) => {
    time.tick(Date.parse("2030-01-01T00:00:00Z") - Date.now());
    const transport = new ScriptedTransport({ requeue: "engine", counts: false });
    const consumption = await start(transport, ({ attempt }) => {
      throw errors[attempt - 1];
    }, {
      retry: { delays: errors.slice(1).map(() => 1_000) },
      deadLetter: {
        ...TARGET,
        publish: (letter) => {
          letters.push(letter);
          return Promise.resolve();
        },
      },
    });
    transport.current.give(...transport.current.deliver(["a"]));
    await time.tickAsync(0);
    for (let n = 1; n < errors.length; n++) await time.tickAsync(1_000);
    await consumption.close();
  });
  return letters[0]!;
}

describe("a dead letter", () => {
  it("keeps what its message carries: bytes, key, time, and metadata with the context of its trace", async () => {
    const letters: Message[] = [];
    const transport = new ScriptedTransport();
    const consumption = await start(transport, () => {
      throw new Error("no");
    }, {
      deadLetter: { ...TARGET, publish: (letter) => Promise.resolve(void letters.push(letter)) },
    });
    const headers = [
      ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      ["tracestate", "vendor=a"],
      ["correlation_id", "c"],
    ] as const;
    const payload = new Uint8Array([0, 255, 1]);
    const rec = { id: "a", key: "k", headers, payload, time: 7 };
    const [delivery] = transport.current.deliver(["a"]);
    transport.current.give({ ...delivery!, rec });
    await settle();
    await consumption.close();
    const [letter] = letters;
    const { uuid, key, timestamp, metadata } = letter!;
    assertEquals([uuid, key, timestamp.getTime(), letter!.payload], ["a", "k", 7, payload]);
    for (const [name, value] of headers) assertEquals(metadata.get(name), value);
  });

  it("can be published whatever its handler did to the metadata", async () => {
    const letters: Message[] = [];
    const transport = new ScriptedTransport();
    const consumption = await start(transport, ({ metadata }) => {
      metadata.set("last error", "no\nroom");
      metadata.set("", "\ud800");
      metadata.set("count", 7 as unknown as string);
      metadata.set(8 as unknown as string, "a");
      throw new Error("no");
    }, {
      deadLetter: { ...TARGET, publish: (letter) => Promise.resolve(void letters.push(letter)) },
    });
    transport.current.give(...transport.current.deliver(["a"]));
    await settle();
    await consumption.close();
    const { metadata } = letters[0]!;
    checkHeaders("publish a letter", [...metadata]);
    const names = ["last_x20_error", "_x_", "count", "8"];
    assertEquals(names.map((name) => metadata.get(name)), ["no room", "\ufffd", "7", "a"]);
  });

  it("tells why, who, from where, how often, and when it failed first and last", async () => {
    const { uuid, metadata } = await letterOf(
      new Error("one"),
      new Error("two"),
      new TypeError("3"),
    );
    const { dlq_stack, ...facts } = Object.fromEntries(metadata);
    assertEquals(uuid, "a");
    assertEquals(facts, {
      dlq_reason: "TypeError: 3",
      dlq_handler: "bill",
      dlq_topic: "orders",
      dlq_attempts: "3",
      dlq_first_failed_at: "2030-01-01T00:00:00.000Z",
      dlq_last_failed_at: "2030-01-01T00:00:02.000Z",
    });
    assertMatch(dlq_stack!, /^TypeError: 3 \| at .*:\d+/);
  });

  it("has a stack of one line that is not longer than 4 000 characters", async () => {
    const error = new Error("deep");
    error.stack = `Error: deep\n${"    at somewhere\n".repeat(1_000)}`;
    const stack = (await letterOf(error)).metadata.get("dlq_stack")!;
    assertEquals(stack.length, 4_000);
    assert(stack.startsWith("Error: deep | at somewhere | at somewhere"));
    assert(stack.endsWith("…"));
  });

  it("has a reason of one line that is not longer than 1 000 characters, and no stack of what has none", async () => {
    const { metadata } = await letterOf(`a\nb\u0007c${"x".repeat(2_000)}`);
    const reason = metadata.get("dlq_reason")!;
    assertEquals([reason.length, reason.slice(0, 8)], [1_000, "a | b cx"]);
    assertEquals(metadata.has("dlq_stack"), false);
    assertEquals((await letterOf(undefined)).metadata.get("dlq_reason"), "no reason was given");
  });
});
