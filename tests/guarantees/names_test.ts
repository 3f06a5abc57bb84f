import { Message } from "@beat/beat/message";
import { publisher, subscriber, type Transport } from "@beat/beat/transport";
import { assert, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { natsTransport } from "../../adapters/nats/mod.ts";
import { TRANSPORTS } from "./_transports.ts";

/** What is called, and what it refuses. */
type Call = readonly [what: string, call: () => unknown];

const TOPICS = ["", ".", "a..b", ".a", "a.", "a b", "*", "a.>", "ä", "{a}:0", "t".repeat(201)];
const GROUPS = ["", "g".repeat(201), "g".repeat(300), "a\0b", "\ud800", "a\udc00b"];
const LIMITS = [-1, 1.5, NaN];

/** Rejects with what it is called with, or throws; where nobody is, whatever is sent would fail otherwise. */
async function refusalOf(call: Call[1]): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
}

/** Every way in by which a topic comes. */
function waysOfTopic(transport: Transport, topic: string): Call[] {
  const { admin } = transport;
  return [
    ["subscribe", () => subscriber(transport).subscribe(topic)],
    ["publish", () => publisher(transport).publish(topic, new Message())],
    ...transport.peek === undefined ? [] : [["peek", () => transport.peek!(topic, 1)] as const],
    ...admin === undefined ? [] : [
      ["create", () => admin.create(topic)],
      ["update", () => admin.update(topic, {})],
      ["describe", () => admin.describe(topic)],
      ["remove", () => admin.remove(topic)],
      ["removeGroup", () => admin.removeGroup(topic, "all")],
    ] satisfies Call[],
  ];
}

/** Every way in by which a group comes. */
function waysOfGroup(transport: Transport, group: string): Call[] {
  const { admin } = transport;
  return [
    ["subscribe", () => subscriber(transport).subscribe("orders", { group })],
    ...admin === undefined
      ? []
      : [["removeGroup", () => admin.removeGroup("orders", group)] as const],
  ];
}

async function assertRefused([what, call]: Call, name: string, value: unknown): Promise<void> {
  const error = await refusalOf(call);
  assert(error instanceof RangeError, `${what} ${String(value)}: ${error}`);
  assertStringIncludes(error.message, `'${name}' must be `, what);
  const shown = String(value).slice(0, 70);
  assertStringIncludes(error.message, typeof value === "string" ? `'${shown}` : shown, what);
}

for (const [name, make] of Object.entries(TRANSPORTS)) {
  describe(name, () => {
    it("refuses what cannot be the name of a topic before anything is sent, wherever it comes in", async () => {
      const transport = make({});
      for (const topic of TOPICS) {
        for (const way of waysOfTopic(transport, topic)) await assertRefused(way, "topic", topic);
      }
      await transport.close();
    });

    it("refuses what cannot be the name of a group before anything is sent", async () => {
      const transport = make({});
      for (const group of transport.traits.groups ? GROUPS : []) {
        for (const way of waysOfGroup(transport, group)) await assertRefused(way, "group", group);
      }
      await transport.close();
    });

    it("peeks into so many records as there can be", async () => {
      const transport = make({});
      const { peek } = transport;
      for (const limit of peek === undefined ? [] : LIMITS) {
        const call = () => transport.peek!("orders", limit);
        await assertRefused(["peek", call], "limit", limit);
      }
      await transport.close();
    });
  });
}

describe("JetStream", () => {
  it("refuses a group whose name is too long for a consumer as its signs take several characters", async () => {
    const transport = natsTransport({ servers: "nats://127.0.0.1:1" });
    const group = "ü".repeat(42);
    const [subscribe] = waysOfGroup(transport, group);
    await assertRefused(subscribe!, "group", group);
    await transport.close();
  });
});
