import type { Message } from "@beat/beat/message";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { memoryStore } from "@beat/beat/middleware";
import type { WebhookSubscriberOptions } from "./options.ts";
import { consume, type RequestChanges, SECRET, webhook } from "./testdata/requests.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

/** A receiver of the topic "orders" with what it delivered. */
async function receiver(
  options: Partial<WebhookSubscriberOptions> = {},
  handler: (message: Message) => void = (message) => message.ack(),
) {
  const signing = options.unsigned ? {} : { secrets: SECRET };
  const hooks = webhookSubscriber({ ...signing, ...options });
  const delivered: Message[] = [];
  await consume(hooks, "orders", (message) => {
    delivered.push(message);
    handler(message);
  });
  const send = async (changes: RequestChanges = {}) => {
    const response = await hooks.fetch(await webhook(changes));
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { hooks, delivered, send, close: () => hooks.close({ timeout: 100 }) };
}

const EVENT = { specversion: "1.0", id: "e1", source: "/shop", type: "paid", data: { total: 1 } };
const STRUCTURED = { "content-type": "application/cloudevents+json" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };

function deep(levels: number): string {
  return JSON.stringify({ ...EVENT, data: null }).replace(
    "null",
    "[".repeat(levels) + "]".repeat(levels),
  );
}

/** A body that gives these chunks and then, if it does not end, nothing. */
function chunked(chunks: Iterable<string>, ends = true): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (!done) controller.enqueue(new TextEncoder().encode(value));
      else if (ends) controller.close();
      else return new Promise(() => {});
    },
  });
}

describe("a webhook receiver delivers", () => {
  it("a plain webhook: id from the signature, bytes as they are", async () => {
    const { delivered, send, close } = await receiver();
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    assertEquals((await send({ id: "msg_7", body })).status, 204);
    const [message] = delivered;
    assertEquals([message!.uuid, message!.payload, message!.key], ["msg_7", body, ""]);
    assertEquals([message!.metadata.size, message!.attempt], [0, 1]);
    assertEquals([message!.origin!.transport, message!.origin!.topic], ["http", "orders"]);
    await close();
  });

  it("an empty body, and one in many chunks", async () => {
    const { delivered, send, close } = await receiver();
    assertEquals((await send({ body: "" })).status, 204);
    const chunks = Array.from({ length: 5_000 }, (_, at) => String(at % 10));
    const signed = chunks.join("");
    assertEquals((await send({ body: chunked(chunks), signed })).status, 204);
    assertEquals(delivered.map((message) => message.text()), ["", signed]);
    await close();
  });

  it("headers of a plain webhook", async () => {
    const { delivered, send, close } = await receiver();
    const headers = {
      "beat-key": "caf%C3%A9",
      "beat-timestamp": "2026-01-02T03:04:05.678Z",
      "beat-meta-tenant": "a%20b",
      "beat-meta-trace%49d": "7",
      "beat-meta-__proto__": "x",
      "beat-uuid": "not-signed",
    };
    await send({ id: "a%2Eb", headers });
    const { uuid, key, timestamp, metadata } = delivered[0]!;
    assertEquals([uuid, key, timestamp.toISOString()], ["a.b", "café", "2026-01-02T03:04:05.678Z"]);
    assertEquals(Object.fromEntries([...metadata].sort()).tenant, "a b");
    assertEquals([...metadata.keys()].sort(), ["__proto__", "tenant", "traceId"]);
    await close();
  });

  it("CloudEvents: binary, structured, and in a batch", async () => {
    const { delivered, send, close } = await receiver({ batch: true });
    const binary = {
      "ce-specversion": "1.0",
      "ce-id": "b1",
      "ce-source": "/shop",
      "ce-type": "paid",
      "ce-subject": "no%207",
      "ce-partitionkey": "k",
    };
    assertEquals((await send({ headers: binary, body: '{"total":1}' })).status, 204);
    assertEquals((await send({ headers: STRUCTURED, body: JSON.stringify(EVENT) })).status, 204);
    const events = Array.from({ length: 100 }, (_, at) => ({ ...EVENT, id: `x${at}` }));
    assertEquals((await send({ headers: BATCH, body: JSON.stringify(events) })).status, 204);
    assertEquals((await send({ headers: BATCH, body: "[]" })).status, 204);
    assertEquals(delivered.length, 102);
    assertEquals([delivered[0]!.uuid, delivered[0]!.key], ["b1", "k"]);
    assertEquals(delivered[0]!.metadata.get("ce-subject"), "no 7");
    assertEquals(delivered[1]!.json(), { total: 1 });
    assertEquals(delivered.at(-1)!.uuid, "x99");
    await close();
  });

  it("JSON with __proto__ without harm", async () => {
    const { delivered, send, close } = await receiver();
    const body = JSON.stringify(EVENT).replace('{"total"', '{"__proto__":{"polluted":1},"total"');
    assertEquals((await send({ headers: STRUCTURED, body })).status, 204);
    assertEquals(delivered[0]!.text(), '{"__proto__":{"polluted":1},"total":1}');
    const attribute = body.replace('"id"', '"__proto__":{"polluted":1},"id"');
    assertEquals((await send({ headers: STRUCTURED, body: attribute })).status, 400);
    assertEquals(Reflect.get({}, "polluted"), undefined);
    await close();
  });

  it("by the last segment of any path, or by what 'topicOf' says", async () => {
    const { send, close } = await receiver();
    assertEquals((await send({ path: "/api/v1/%6frders?x=1" })).status, 204);
    await close();
    const events = await receiver({ topicOf: ({ metadata }) => metadata.get("ce-type") ?? "none" });
    const body = JSON.stringify({ ...EVENT, type: "orders" });
    assertEquals((await events.send({ path: "/in", headers: STRUCTURED, body })).status, 204);
    assertEquals((await events.send({ path: "/orders" })).status, 404);
    await events.close();
  });

  it("what is signed by any of its secrets, and by a sender with a clock a little off", async () => {
    const other = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
    const { send, close } = await receiver({ secrets: [SECRET, other] });
    assertEquals((await send({ secret: other })).status, 204);
    assertEquals((await send({ ahead: -240_000 })).status, 204);
    assertEquals((await send({ ahead: 240_000 })).status, 204);
    await close();
  });

  it("unsigned webhooks if it was told to", async () => {
    const { delivered, send, close } = await receiver({ unsigned: true });
    assertEquals((await send({ secret: undefined })).status, 204);
    assertEquals((await send({ secret: undefined, headers: { "beat-uuid": "7" } })).status, 204);
    assertEquals((await send({ secret: undefined, headers: { "beat-uuid": "7" } })).status, 204);
    assertEquals(delivered.length, 2);
    assertEquals(delivered[1]!.uuid, "7");
    await close();
  });
});

describe("a webhook receiver refuses", () => {
  const NO_SIGNATURE = "Signature is missing or invalid\n";
  const wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
  const refused: [
    what: string,
    changes: RequestChanges,
    status: number,
    text: string,
  ][] = [
    ["GET", { method: "GET" }, 405, "Method must be POST\n"],
    ["PUT", { method: "PUT" }, 405, "Method must be POST\n"],
    ["a handshake that was not asked for", { method: "OPTIONS" }, 405, "Method must be POST\n"],
    [
      "a length over the limit",
      { headers: { "content-length": "9999" } },
      413,
      "Body must be at most 1000 bytes\n",
    ],
    [
      "a length that is none",
      { headers: { "content-length": "x" } },
      413,
      "Body must be at most 1000 bytes\n",
    ],
    [
      "a body over the limit in chunks",
      { body: chunked(Array(11).fill("x".repeat(100))) },
      413,
      "Body must be at most 1000 bytes\n",
    ],
    [
      "a body without end in single bytes",
      { body: chunked(Array(2000).fill("x"), false) },
      413,
      "Body must be at most 1000 bytes\n",
    ],
    [
      "a form",
      { headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      "Content type is not accepted\n",
    ],
    [
      "a malformed type",
      { headers: { "content-type": ";;" } },
      415,
      "Content type is not accepted\n",
    ],
    [
      "events in Avro",
      { headers: { "content-type": "application/cloudevents+avro" } },
      415,
      "Content type is not accepted\n",
    ],
    [
      "a batch that was not agreed on",
      { headers: BATCH, body: "[]" },
      415,
      "Content type is not accepted\n",
    ],
    [
      "a compressed body",
      { headers: { "content-encoding": "gzip" } },
      415,
      "Content encoding must be left out\n",
    ],
    ["a slow body", { body: chunked(["a"], false) }, 408, "Body must come within 50 ms\n"],
    ["no signature", { secret: undefined }, 401, NO_SIGNATURE],
    ["no id", { headers: { "webhook-id": "" } }, 401, NO_SIGNATURE],
    ["an id with a dot", { headers: { "webhook-id": "a.b" } }, 401, NO_SIGNATURE],
    ["no timestamp", { headers: { "webhook-timestamp": "" } }, 401, NO_SIGNATURE],
    [
      "a malformed timestamp",
      { headers: { "webhook-timestamp": "1614265330abc" } },
      401,
      NO_SIGNATURE,
    ],
    ["a signature of nothing", { headers: { "webhook-signature": "," } }, 401, NO_SIGNATURE],
    ["a wrong signature", { headers: { "webhook-signature": wrong } }, 401, NO_SIGNATURE],
    [
      "a long list of signatures",
      { headers: { "webhook-signature": `${wrong} `.repeat(200) } },
      401,
      NO_SIGNATURE,
    ],
    ["another body than was signed", { signed: "hello!" }, 401, NO_SIGNATURE],
    ["a clock an hour behind", { ahead: -3_600_000 }, 401, NO_SIGNATURE],
    ["a clock an hour ahead", { ahead: 3_600_000 }, 401, NO_SIGNATURE],
    ["another topic, unsigned", { path: "/nobody", secret: undefined }, 401, NO_SIGNATURE],
    [
      "a date that is none",
      { headers: { "beat-timestamp": "yesterday" } },
      400,
      "Header 'beat-timestamp' must be a date of RFC 3339\n",
    ],
    [
      "a key that is not UTF-8",
      { headers: { "beat-key": "%FF" } },
      400,
      "Header 'beat-key' must be UTF-8\n",
    ],
    ["an event without id", { headers: STRUCTURED, body: '{"specversion":"1.0"}' }, 400, ""],
    ["an event that is no JSON", { headers: STRUCTURED, body: "{" }, 400, ""],
    ["an event that is not UTF-8", { headers: STRUCTURED, body: Uint8Array.of(0xff) }, 400, ""],
    [
      "an event that is a batch",
      { headers: STRUCTURED, body: `[${JSON.stringify(EVENT)}]` },
      400,
      "",
    ],
    ["an event 200 levels deep", { headers: STRUCTURED, body: deep(200) }, 400, ""],
    [
      "a binary event without source",
      { headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-type": "a" } },
      400,
      "",
    ],
    [
      "another version of the specification",
      { headers: { "ce-specversion": "0.3", "ce-id": "1", "ce-type": "a", "ce-source": "/" } },
      400,
      "",
    ],
    ["a topic that nobody has", { path: "/nobody" }, 404, "Topic has no subscription\n"],
    ["no topic", { path: "/" }, 404, "Topic has no subscription\n"],
    ["a topic that cannot be read", { path: "/%FF" }, 404, "Topic has no subscription\n"],
  ];
  for (const [what, changes, status, text] of refused) {
    it(`${what}: ${status}`, async () => {
      const { delivered, send, close } = await receiver({ maxBody: 1_000, readTimeout: 50 });
      const answer = await send(changes);
      assertEquals([answer.status, answer.text.slice(0, text.length || undefined)], [
        status,
        text || answer.text,
      ]);
      assert(answer.text.length < 300);
      assertEquals(delivered.length, 0);
      await close();
    });
  }

  for (
    const [what, body] of [
      ["of 101 events", JSON.stringify(Array(101).fill(EVENT))],
      ["with one bad event", JSON.stringify([EVENT, { ...EVENT, id: "" }])],
      ["that is no array", JSON.stringify(EVENT)],
      ["that is no JSON", "[{]"],
    ] as const
  ) {
    it(`a batch ${what}: 400`, async () => {
      const { delivered, send, close } = await receiver({ batch: true });
      assertEquals((await send({ headers: BATCH, body })).status, 400);
      assertEquals(delivered.length, 0);
      await close();
    });
  }

  it("a body that breaks off: 400", async () => {
    const { delivered, send, close } = await receiver();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    });
    assertEquals((await send({ body })).status, 400);
    assertEquals(delivered.length, 0);
    await close();
  });

  it("more requests at once than it may have: 503", async () => {
    const { send, close } = await receiver({ maxRequests: 1, readTimeout: 50 });
    let isRead = false;
    const body = new ReadableStream<Uint8Array>({
      pull() {
        isRead = true;
        return new Promise(() => {});
      },
    }, { highWaterMark: 0 });
    const slow = send({ body });
    await until(() => isRead);
    const answer = await send();
    assertEquals([answer.status, answer.headers.get("retry-after")], [503, "1"]);
    assertEquals((await slow).status, 408);
    assertEquals((await send()).status, 204);
    await close();
  });

  it("everything when it is closed: 503", async () => {
    const { hooks, send } = await receiver();
    await hooks.close();
    assertEquals((await send()).status, 503);
  });

  it("what it refuses without writing secrets, signatures or payloads into the log", async () => {
    const lines: string[] = [];
    const write = (text: string, attributes?: object) =>
      void lines.push(text + JSON.stringify(attributes));
    const logger = { debug: write, info: write, warn: write, error: write };
    const { send, close } = await receiver({ logger });
    await send({ signed: "other", body: "payload" });
    await send({ headers: { "webhook-signature": wrong }, body: "payload" });
    await send({ headers: STRUCTURED, body: "payload" });
    assertEquals(lines, Array(2).fill('A webhook was refused{"fault":"no-match"}'));
    await close();
  });

  it("what 'topicOf' throws at: 500, and the log hears of it", async () => {
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

describe("a webhook receiver answers", () => {
  it("503 after a nack with its delay, and delivers the next attempt with a higher number", async () => {
    const { delivered, send, close } = await receiver({}, (message) => {
      if (message.attempt === 1) message.nack({ delay: 2_500 });
      else message.ack();
    });
    const first = await send({ id: "m" });
    assertEquals([first.status, first.headers.get("retry-after")], [503, "3"]);
    assertEquals(first.text, "Webhook was not handled\n");
    assertEquals((await send({ id: "m" })).status, 204);
    assertEquals(delivered.map(({ attempt, redelivered }) => [attempt, redelivered]), [[1, false], [
      2,
      true,
    ]]);
    await close();
  });

  it("503 when it takes too long, and a late ack is not heard", async () => {
    const { delivered, send, close } = await receiver({ ackTimeout: 20 }, () => {});
    const { status, text } = await send({ id: "m" });
    assertEquals([status, text], [503, "Webhook was not handled in time\n"]);
    const [late] = delivered;
    assert(late!.signal.aborted);
    assertEquals(late!.ack(), false);
    assertEquals((await send({ id: "m" })).status, 503);
    assertEquals(delivered.length, 2);
    await close();
  });

  it("204 to what was handled before, without delivering it", async () => {
    const { delivered, send, close } = await receiver();
    assertEquals((await send({ id: "m" })).status, 204);
    assertEquals((await send({ id: "m" })).status, 204);
    assertEquals((await send({ id: "m", path: "/other/%6Frders" })).status, 204);
    assertEquals(delivered.length, 1);
    await close();
  });

  it("409 to what is being handled", async () => {
    const { delivered, send, close } = await receiver({}, () => {});
    const first = send({ id: "m" });
    await until(() => delivered.length === 1);
    const second = await send({ id: "m" });
    assertEquals([second.status, second.text], [409, "Webhook is being handled\n"]);
    assert(Number(second.headers.get("retry-after")) > 0);
    delivered[0]!.ack();
    assertEquals((await first).status, 204);
    assertEquals((await send({ id: "m" })).status, 204);
    assertEquals(delivered.length, 1);
    await close();
  });

  it("503 when the store is down, and delivers nothing", async () => {
    const down = () => Promise.reject(new Error("down"));
    const store = { claim: down, extend: down, done: down, release: down };
    const { delivered, send, close } = await receiver({ store });
    assertEquals((await send()).text, "Replay store is not available\n");
    assertEquals(delivered.length, 0);
    await close();
  });

  it("204 though the store does not take the mark, because the work is done", async () => {
    const store = { ...memoryStore(), done: () => Promise.reject(new Error("down")) };
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (text: string) => void warnings.push(text),
    };
    const { send, close } = await receiver({ store, logger });
    assertEquals((await send()).status, 204);
    assertEquals(warnings.length, 1);
    await close();
  });

  it("503 when handlers have no room, and takes the webhook later", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const stream = await hooks.subscribe("orders", { prefetch: 1 });
    const first = hooks.fetch(await webhook());
    const iterator = stream[Symbol.asyncIterator]();
    const message = (await iterator.next()).value!;
    const second = await hooks.fetch(await webhook({ id: "m" }));
    assertEquals([second.status, await second.text()], [503, "Handlers are busy\n"]);
    message.ack();
    assertEquals((await first).status, 204);
    void iterator.next().then(({ value }) => value?.ack());
    assertEquals((await hooks.fetch(await webhook({ id: "m" }))).status, 204);
    await hooks.close();
  });

  it("503 to a batch of which one is nacked, and delivers all of it again", async () => {
    let nacks = 1;
    const { delivered, send, close } = await receiver({ batch: true }, (message) => {
      if (message.uuid === "b" && nacks-- > 0) message.nack();
      else message.ack();
    });
    const body = JSON.stringify(["a", "b", "c"].map((id) => ({ ...EVENT, id })));
    assertEquals((await send({ id: "m", headers: BATCH, body })).status, 503);
    assertEquals((await send({ id: "m", headers: BATCH, body })).status, 204);
    assertEquals(delivered.map((message) => message.uuid), ["a", "b", "c", "a", "b", "c"]);
    await close();
  });

  it("a batch that is larger than the room, which waits", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET, batch: true });
    const stream = await hooks.subscribe("orders", { prefetch: 2 });
    const events = Array.from({ length: 50 }, (_, at) => ({ ...EVENT, id: `x${at}` }));
    const answer = hooks.fetch(await webhook({ headers: BATCH, body: JSON.stringify(events) }));
    const seen: string[] = [];
    for await (const message of stream) {
      seen.push(message.uuid);
      message.ack();
      if (seen.length === 50) break;
    }
    assertEquals((await answer).status, 204);
    assertEquals(seen, events.map(({ id }) => id));
    await hooks.close();
  });

  it("503 to a batch that finds no room in time", async () => {
    const { delivered, send, close } = await receiver({ batch: true, ackTimeout: 30 }, () => {});
    const events = Array.from({ length: 100 }, (_, at) => ({ ...EVENT, id: `x${at}` }));
    assertEquals((await send({ headers: BATCH, body: JSON.stringify(events) })).status, 503);
    assert(delivered.length <= 64);
    await close();
  });

  it("202 as soon as a handler has room, where that was asked for", async () => {
    const { delivered, send, close } = await receiver({ respond: "accepted" }, () => {});
    assertEquals((await send({ id: "m" })).status, 202);
    assertEquals((await send({ id: "m" })).status, 204);
    await until(() => delivered.length === 1);
    delivered[0]!.ack();
    await close();
  });

  it("503 to what waits when the subscription closes", async () => {
    const { hooks, delivered, send } = await receiver({ ackTimeout: 200 }, () => {});
    const waiting = send();
    await until(() => delivered.length === 1);
    const closing = hooks.close({ timeout: 10 }).catch(() => {});
    assertEquals((await waiting).status, 503);
    await closing;
  });
});

describe("the handshake of CloudEvents' webhooks", () => {
  const ask = async (origin: string | undefined, origins: string[]) => {
    const { hooks, close } = await receiver({ origins });
    const headers = origin === undefined ? {} : { "webhook-request-origin": origin };
    const request = new Request("http://receiver.test/orders", { method: "OPTIONS", headers });
    const { status, headers: answered } = await hooks.fetch(request);
    await close();
    return [status, answered.get("webhook-allowed-origin"), answered.get("allow")];
  };

  it("lets the named origins in, and no others", async () => {
    assertEquals(await ask("shop.example", ["Shop.example"]), [200, "shop.example", "POST"]);
    assertEquals(await ask("shop.example", ["*"]), [200, "shop.example", "POST"]);
    assertEquals(await ask("evil.example", ["shop.example"]), [403, null, null]);
    assertEquals(await ask(undefined, ["*"]), [400, null, null]);
  });
});

describe("webhookSubscriber()", () => {
  const refused: [options: object, text: string][] = [
    [{}, "'secrets' must be given, or 'unsigned: true'"],
    [{ unsigned: false }, "'secrets' must be given"],
    [{ secrets: [] }, "'secrets' must not be empty"],
    [{ secrets: SECRET, unsigned: true }, "must come without 'secrets'"],
    [{ secrets: SECRET, url: "https://x.example" }, "option 'url' is unknown"],
    [{ secrets: SECRET, mode: "plain" }, "option 'mode' is unknown"],
    [{ secrets: SECRET, maxBody: -1 }, "'maxBody'"],
    [{ secrets: SECRET, ackTimeout: Infinity }, "'ackTimeout' must be from 1 to 2147483647 ms"],
    [{ secrets: SECRET, respond: "later" }, "'respond'"],
    [{ secrets: SECRET, origins: "x" }, "'origins' must be an array of strings"],
    [{ unsigned: true, tolerance: 5 }, "option 'tolerance' must come with 'secrets'"],
    [{ secrets: "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=" }, "must be able to verify"],
  ];
  for (const [options, text] of refused) {
    it(`says "${text}"`, () => {
      assertThrows(() => webhookSubscriber(options as WebhookSubscriberOptions), Error, text);
    });
  }

  it("has one subscription per topic, until that is closed", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const first = await hooks.subscribe("orders");
    await assertRejects(() => hooks.subscribe("orders"), RangeError, "a subscription already");
    await hooks.subscribe("bills");
    await first.close();
    await hooks.subscribe("orders");
    await hooks.close();
  });

  it("keeps nothing, so that it can only begin now, and knows no groups", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    await assertRejects(() => hooks.subscribe("o", { from: "earliest" }), RangeError, "'latest'");
    await assertRejects(() => hooks.subscribe("o", { group: "g" }), RangeError, "group");
    await assertRejects(() => hooks.subscribe("o", { ordered: "key" }), RangeError, "order");
    await hooks.close();
  });
});

/** Waits until something holds that other promises bring about. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
