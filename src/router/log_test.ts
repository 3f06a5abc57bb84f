/** What the router says of messages, and what it never says: their payloads, keys and metadata. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { inWorld, Seen, settle, type World } from "./testdata/world.ts";

const PRIVATE = ["card 4111", "customer 7", "token x1", "visitor-mark"];

/** A message of which nothing but the uuid may be told. */
function confidential(uuid: string): Message {
  const [payload, key, value, name] = PRIVATE as [string, string, string, string];
  return new Message(payload, { uuid, key, metadata: { [name]: value } });
}

/** All texts in a value, bytes as text, names of fields included. */
function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (value instanceof Uint8Array) return [new TextDecoder().decode(value)];
  if (typeof value !== "object" || value === null) return [String(value)];
  if (seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Map) return textsIn([...value], seen);
  const own = Object.getOwnPropertyNames(value);
  // What a message has is behind getters.
  const inherited = value instanceof Message ? ["payload", "key", "metadata"] : [];
  return [...own, ...inherited].flatMap((name) => {
    return [name, ...textsIn((value as Record<string, unknown>)[name], seen)];
  });
}

/** The attributes of the lines with this verdict. */
function told({ lines }: World, verdict: string): string[][] {
  return lines.filter(({ attributes }) => attributes.verdict === verdict)
    .map(({ attributes }) => Object.keys(attributes));
}

const FACTS = ["handler", "topic", "uuid", "attempt", "verdict", "error"];

describe("Router: what it logs of a failure", () => {
  it("is who failed, where, how often and why, and nothing of what the message holds", () =>
    inWorld(async (world) => {
      const { router, out } = world;
      const calls = new Seen<string>();
      const fail = ({ uuid }: Message) => {
        calls.add(uuid);
        throw new Error("no");
      };
      router.on("retried", "a", world.in, fail).retry({ delays: [0] })
        .dlq({ topic: "dead", publisher: out });
      router.on("discarded", "b", world.in, fail).onExhausted("discard");
      router.on("again", "c", world.in, fail);
      router.on("late", "d", world.in, (message) => {
        message.ack();
        fail(message);
      });
      await world.run();
      for (const topic of ["a", "b", "c", "d"]) await out.publish(topic, confidential(topic));
      await calls.count(5);
      while (world.lines.filter(({ attributes }) => "verdict" in attributes).length < 5) {
        await settle();
      }
      assertEquals(told(world, "retry"), [[...FACTS, "delay"]]);
      assertEquals(told(world, "dead-letter"), [FACTS]);
      assertEquals(told(world, "discard"), [FACTS]);
      assertEquals(told(world, "redeliver"), [[...FACTS, "delay"]]);
      assertEquals(told(world, "acked"), [FACTS]);
      const texts = textsIn(world.lines);
      for (const secret of PRIVATE) {
        assert(!texts.some((text) => text.includes(secret)), `it told of '${secret}'`);
      }
    }));

  it("is the letter and the cause, and nothing else, where a dead letter cannot be published", () =>
    inWorld(async (world) => {
      const down = fromPublisher({ publish: () => Promise.reject(new Error("down")) });
      world.router.on("h", "a", world.in, () => {
        throw new Error("no");
      }).dlq({ topic: "dead", publisher: down });
      await world.run();
      await world.out.publish("a", confidential("m"));
      const stalls = () =>
        world.lines.filter(({ message }) => message === "message holds up others");
      while (stalls().length === 0) await settle();
      const [{ attributes }] = stalls() as [World["lines"][number]];
      assertEquals(Object.keys(attributes), ["handler", "topic", "lane", "uuid", "cause"]);
      const texts = textsIn(world.lines);
      for (const secret of PRIVATE) assert(!texts.some((text) => text.includes(secret)), secret);
    }));
});
