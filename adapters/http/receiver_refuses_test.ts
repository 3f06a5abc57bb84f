import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BATCH, chunked, deep, EVENT, receiver, STRUCTURED, until } from "./testdata/receiver.ts";
import type { RequestChanges } from "./testdata/requests.ts";

const EVENT_FAULT = "Cannot decode a CloudEvent as";
const BATCH_FAULT = "Cannot decode a batch of CloudEvents as";

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
      "a length that lies beside chunks",
      {
        headers: { "content-length": "5", "transfer-encoding": "chunked" },
        body: chunked(Array(2000).fill("x"), false),
      },
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
      "a day that there is not",
      { headers: { "beat-timestamp": "2026-02-30T00:00:00Z" } },
      400,
      "Header 'beat-timestamp' must be a date of RFC 3339\n",
    ],
    [
      "a key that is not UTF-8",
      { headers: { "beat-key": "%FF" } },
      400,
      "Header 'beat-key' must be UTF-8\n",
    ],
    [
      "an event without id",
      { headers: STRUCTURED, body: '{"specversion":"1.0"}' },
      400,
      `${EVENT_FAULT} 'id' must be`,
    ],
    [
      "an event that is no JSON",
      { headers: STRUCTURED, body: "{" },
      400,
      `${EVENT_FAULT} its text must be JSON\n`,
    ],
    [
      "an event that is not UTF-8",
      { headers: STRUCTURED, body: Uint8Array.of(0xff) },
      400,
      `${EVENT_FAULT} its bytes must be UTF-8\n`,
    ],
    [
      "an event that is a batch",
      { headers: STRUCTURED, body: `[${JSON.stringify(EVENT)}]` },
      400,
      `${EVENT_FAULT} its JSON must be an object\n`,
    ],
    [
      "an event 200 levels deep",
      { headers: STRUCTURED, body: deep(200) },
      400,
      `${EVENT_FAULT} its JSON must be at most 128 levels deep: there are 201\n`,
    ],
    [
      "a binary event without source",
      { headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-type": "a" } },
      400,
      `${EVENT_FAULT} 'source' must be a non-empty URI reference`,
    ],
    [
      "a binary event without version",
      { headers: { "ce-id": "1", "ce-type": "a", "ce-source": "/" } },
      400,
      `${EVENT_FAULT} 'specversion' must be '1.0': current value is undefined\n`,
    ],
    [
      "another version of the specification",
      { headers: { "ce-specversion": "0.3", "ce-id": "1", "ce-type": "a", "ce-source": "/" } },
      400,
      `${EVENT_FAULT} 'specversion' must be '1.0': current value is '0.3'\n`,
    ],
    ["a topic that nobody has", { path: "/nobody" }, 404, "Topic has no subscription\n"],
    ["no topic", { path: "/" }, 404, "Topic has no subscription\n"],
    ["a topic that cannot be read", { path: "/%FF" }, 404, "Topic has no subscription\n"],
  ];
  for (const [what, changes, status, text] of refused) {
    it(`${what}: ${status}`, async () => {
      const { delivered, send, close } = await receiver({ maxBody: 1_000, readTimeout: 50 });
      const answer = await send(changes);
      assertEquals([answer.status, answer.text.slice(0, text.length)], [status, text]);
      assert(answer.text.length < 300);
      assertEquals(delivered.length, 0);
      await close();
    });
  }

  for (
    const [what, body, text] of [
      [
        "of 101 events",
        JSON.stringify(Array(101).fill(EVENT)),
        "Batch must have at most 100 events: it has 101\n",
      ],
      [
        "with one bad event",
        JSON.stringify([EVENT, { ...EVENT, id: "" }]),
        `${EVENT_FAULT} 'id' must be a non-empty text`,
      ],
      ["that is no array", JSON.stringify(EVENT), `${BATCH_FAULT} its JSON must be an array\n`],
      ["that is no JSON", "[{]", `${BATCH_FAULT} its text must be JSON\n`],
    ] as const
  ) {
    it(`a batch ${what}: 400`, async () => {
      const { delivered, send, close } = await receiver({ batch: true });
      const answer = await send({ headers: BATCH, body });
      assertEquals([answer.status, answer.text.slice(0, text.length)], [400, text]);
      assertEquals(delivered.length, 0);
      await close();
    });
  }

  it("a body that breaks off: 400", async () => {
    const { delivered, send, close } = await receiver();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    });
    const { status, text } = await send({ body });
    assertEquals([status, text], [400, "Body must be complete\n"]);
    assertEquals(delivered.length, 0);
    await close();
  });

  it("a body that comes byte by byte, and takes too long in all: 408", async () => {
    const { delivered, send, close } = await receiver({ readTimeout: 50 });
    let bytes = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        // Far more than the time is enough for: without a deadline it would come to its end.
        if (bytes++ < 200) controller.enqueue(Uint8Array.of(97));
        else controller.close();
      },
    });
    const { status, text } = await send({ body });
    assertEquals([status, text], [408, "Body must come within 50 ms\n"]);
    assert(bytes < 200);
    assertEquals(delivered.length, 0);
    await close();
  });

  it("what is not of a type that it takes: 415", async () => {
    const { send, close } = await receiver({ contentTypes: ["text/plain"] });
    const json = await send();
    assertEquals([json.status, json.text], [415, "Content type is not accepted\n"]);
    assertEquals((await send({ headers: { "content-type": "text/plain" } })).status, 204);
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
});
