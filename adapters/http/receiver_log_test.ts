import type { Logger } from "@beat/beat/message";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { receiver, STRUCTURED } from "./testdata/receiver.ts";

/** A signature of something else. */
const wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";

describe("the logger of a webhook receiver", () => {
  it("hears what is refused, and never a secret, a signature or a payload", async () => {
    const lines: string[] = [];
    const write = (text: string, attributes?: object) =>
      void lines.push(text + JSON.stringify(attributes));
    const logger = { debug: write, info: write, warn: write, error: write };
    const { send, close } = await receiver({ logger });
    await send({ id: "1", path: "/orders?token=secret", signed: "other", body: "payload" });
    await send({ id: "1", headers: { "webhook-signature": wrong }, body: "payload" });
    await send({ id: "1", headers: STRUCTURED, body: "payload" });
    const about = {
      path: "/orders",
      id: "1",
      status: 401,
      reason: "Signature is missing or invalid",
      fault: "no-match",
    };
    const line = `A webhook was refused${JSON.stringify(about)}`;
    assertEquals(lines, [
      line,
      line,
      'A webhook was refused{"path":"/orders","id":"1","status":400}',
    ]);
    await close();
  });

  it("is warned of what is signed, and of what finds no room; the rest is for who looks closer", async () => {
    const lines: string[] = [];
    const hear = (level: string) => (_: string, about?: object) =>
      void lines.push(level + JSON.stringify(about));
    const levels = ["debug", "info", "warn", "error"] as const;
    const logger = Object.fromEntries(
      levels.map((level) => [level, hear(level)]),
    ) as unknown as Logger;
    const { hooks, send, close } = await receiver({ logger });
    await send({ id: "1", path: "/nowhere" });
    await send({ id: "1", headers: STRUCTURED, body: "{" });
    await send({ id: "2", headers: { "content-type": "text/html" } });
    await hooks.fetch(new Request("http://x/orders"));
    await hooks.close();
    await send({ id: "2" });
    assertEquals(lines, [
      'warn{"path":"/nowhere","id":"1","status":404,"reason":"Topic has no subscription"}',
      'warn{"path":"/orders","id":"1","status":400}',
      'debug{"path":"/orders","id":"2","status":415,"reason":"Content type is not accepted"}',
      'debug{"path":"/orders","status":405,"reason":"Method must be POST"}',
      'warn{"path":"/orders","id":"2","status":503,"reason":"Receiver is closed"}',
    ]);
    await close();
  });

  it("gets no more of path and id than is short and printable", async () => {
    const seen: unknown[] = [];
    const hear = (_: string, about: { path?: string; id?: string } = {}) =>
      void seen.push([about.path?.length, about.id]);
    const logger = { debug: hear, info: hear, warn: hear, error: hear };
    const { send, close } = await receiver({ logger });
    const secret = undefined;
    for (const id of ["i".repeat(100), "i".repeat(101), "a b", "\u00e9", ""]) {
      await send({ secret, path: `/${"p".repeat(199)}`, headers: { "webhook-id": id } });
    }
    await send({ secret, path: `/${"p".repeat(9_999)}` });
    const none = [200, undefined];
    assertEquals(seen, [[200, "i".repeat(100)], none, none, none, none, [203, undefined]]);
    await close();
  });

  it("hears what 'topicOf' throws, which is answered 500", async () => {
    const errors: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (text: string) => void errors.push(text),
    };
    const topicOf = () => {
      throw new Error("secret detail");
    };
    const { send, close } = await receiver({ topicOf, logger });
    const { status, text } = await send();
    assertEquals([status, text], [500, "Webhook could not be received\n"]);
    assertEquals(errors, ["A webhook could not be received"]);
    await close();
  });
});
