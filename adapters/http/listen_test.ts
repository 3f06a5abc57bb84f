import { Message, type Publisher, PublishError } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import net from "node:net";
import { EndpointGoneError, WebhookError } from "./errors.ts";
import { serve, type WebhookListener } from "./listen.ts";
import type { WebhookPublisherOptions, WebhookSubscriberOptions } from "./options.ts";
import { consume, SECRET } from "./testdata/requests.ts";
import { webhookPublisher } from "./webhook_publisher.ts";
import { type WebhookSubscriber, webhookSubscriber } from "./webhook_subscriber.ts";

const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close().catch(() => {});
});

const LOCAL = { insecureHttp: true, allow: ["127.0.0.1/32"] };

function publisher(url: string, options: Partial<WebhookPublisherOptions> = {}): Publisher {
  const made = webhookPublisher({ url, secrets: SECRET, ...LOCAL, ...options });
  opened.push(() => made.close({ timeout: 100 }));
  return made;
}

async function receiver(
  options: Partial<WebhookSubscriberOptions> = {},
  handler: (message: Message) => void = (message) => message.ack(),
): Promise<{ hooks: WebhookSubscriber; url: string; port: number; delivered: Message[] }> {
  const hooks = webhookSubscriber({ secrets: SECRET, ...options });
  opened.push(() => hooks.close({ timeout: 100 }));
  const delivered: Message[] = [];
  await consume(hooks, "orders", (message) => {
    delivered.push(message);
    handler(message);
  });
  const { url, port } = await hooks.listen();
  return { hooks, url, port, delivered };
}

/** A server that answers as it is told, and counts. */
async function answering(answers: (Response | "never")[]) {
  const requests: { headers: Headers; url: string }[] = [];
  const end = Promise.withResolvers<void>();
  const listener: WebhookListener = await serve(async (request) => {
    await request.arrayBuffer();
    requests.push({ headers: request.headers, url: request.url });
    const answer = answers[Math.min(requests.length, answers.length) - 1]!;
    if (answer !== "never") return answer.clone();
    await end.promise;
    return new Response();
  });
  opened.push(() => {
    end.resolve();
    return listener.close();
  });
  return { url: listener.url, requests };
}

/** What one message failed with. */
async function failureOf(hooks: Publisher): Promise<{ cause: WebhookError; outcome: string }> {
  const message = new Message("hello");
  const error = await assertRejects(() => hooks.publish("orders", message), PublishError);
  return error.failed[0] as unknown as { cause: WebhookError; outcome: string };
}

describe("a webhook from end to end", () => {
  const metadata = {
    tenant: "a b",
    traceId: "7",
    "content-type": "text/plain",
    empty: "",
    A: "1",
    a: "2",
  };
  const messages = [
    new Message("hello", { key: "caf\u00e9", metadata, timestamp: new Date(1_700_000_000_123) }),
    new Message(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
    new Message(""),
    new Message(new Uint8Array(1_048_576).fill(7), { uuid: "with.dots/and spaces ü" }),
  ];

  it("keeps everything in plain requests", async () => {
    const { url, delivered } = await receiver();
    const hooks = publisher(url);
    for (const message of messages) await hooks.publish("orders", message);
    for (const [at, sent] of messages.entries()) {
      const received = delivered[at]!;
      assertEquals([received.uuid, received.key], [sent.uuid, sent.key]);
      assertEquals([...received.metadata].sort(), [...sent.metadata].sort());
      assertEquals(received.timestamp, sent.timestamp);
      assert(received.payload.length === sent.payload.length);
      assert(received.payload.every((byte, index) => byte === sent.payload[index]));
    }
  });

  for (
    const mode of ["cloudevents-binary", "cloudevents-structured", "cloudevents-batch"] as const
  ) {
    it(`keeps everything in ${mode}`, async () => {
      const { url, delivered } = await receiver({ batch: true });
      const hooks = publisher(url, { mode, source: "/shop" });
      const sent = Array.from({ length: 250 }, (_, at) =>
        Message.json({ at }, {
          key: "k",
          metadata: { correlation_id: `${at}`, "content-type": "application/json" },
        }));
      const binary = new Message(Uint8Array.of(0, 255), { key: "k" });
      await hooks.publish("orders", [...sent, binary]);
      assertEquals(delivered.map(({ uuid }) => uuid), [...sent, binary].map(({ uuid }) => uuid));
      assertEquals(delivered[7]!.json(), { at: 7 });
      assertEquals(delivered[7]!.metadata.get("correlation_id"), "7");
      assertEquals([delivered[7]!.key, delivered[7]!.timestamp], ["k", sent[7]!.timestamp]);
      assertEquals([...delivered.at(-1)!.payload], [0, 255]);
    });
  }

  it("keeps the order of a key, one request after the other", async () => {
    const { url, delivered } = await receiver();
    const hooks = publisher(url);
    const sent = Array.from(
      { length: 60 },
      (_, at) => new Message(String(at), { key: `k${at % 3}` }),
    );
    await Promise.all(sent.map((message) => hooks.publish("orders", message)));
    for (const key of ["k0", "k1", "k2"]) {
      const texts = (list: Message[]) => list.filter((m) => m.key === key).map((m) => m.text());
      assertEquals(texts(delivered), texts(sent));
    }
  });

  it("goes without signature where both sides say so", async () => {
    const hooks = webhookSubscriber({ unsigned: true });
    opened.push(() => hooks.close());
    const seen: string[] = [];
    await consume(hooks, "orders", (message) => {
      seen.push(message.uuid);
      message.ack();
    });
    const { url } = await hooks.listen();
    const open = webhookPublisher({ url, unsigned: true, ...LOCAL });
    opened.push(() => open.close());
    await open.publish("orders", new Message("", { uuid: "a.b" }));
    assertEquals(seen, ["a.b"]);
  });

  it("is tried again after a nack, within the same call", async () => {
    const { url, delivered } = await receiver({}, (message) => {
      if (message.attempt === 1) message.nack({ delay: 0 });
      else message.ack();
    });
    await publisher(url).publish("orders", new Message("hello"));
    assertEquals(delivered.map(({ attempt }) => attempt), [1, 2]);
  });

  it("fails alone when it does not fit into its format", async () => {
    const { url, delivered } = await receiver({ batch: true });
    for (const mode of ["cloudevents-batch", "cloudevents-binary"] as const) {
      const hooks = publisher(url, { mode, source: "/shop" });
      const bad = new Message("", { metadata: { "no.extension": "" } });
      const call = hooks.publish("orders", [new Message("1"), bad, new Message("2")]);
      const { failed } = await assertRejects(() => call, PublishError);
      assertEquals(failed.map(({ index, outcome }) => [index, outcome]), [[1, "rejected"]]);
    }
    assertEquals(delivered.length, 4);
  });
});

describe("a webhook publisher", () => {
  it("succeeds at any 2xx", async () => {
    for (const status of [200, 201, 202, 204]) {
      const { url } = await answering([new Response(null, { status })]);
      await publisher(url).publish("orders", new Message("hello"));
    }
  });

  it("makes three quick attempts, each signed anew under the same id", async () => {
    const { url, requests } = await answering([new Response(null, { status: 500 })]);
    const { cause, outcome } = await failureOf(publisher(url));
    assertEquals([requests.length, outcome], [3, "unknown"]);
    assert(cause instanceof WebhookError);
    assertEquals([cause.status, cause.retryAfter], [500, undefined]);
    assertEquals(new Set(requests.map(({ headers }) => headers.get("webhook-id"))).size, 1);
    assert(requests.every(({ headers }) => headers.get("webhook-signature")!.startsWith("v1,")));
  });

  it("succeeds at a later attempt", async () => {
    const down = new Response(null, { status: 503 });
    const { url, requests } = await answering([down, down, new Response(null, { status: 204 })]);
    await publisher(url).publish("orders", new Message("hello"));
    assertEquals(requests.length, 3);
  });

  const refusals: [
    status: number,
    headers: Record<string, string>,
    attempts: number,
    outcome: string,
  ][] = [
    [301, { location: "/elsewhere" }, 1, "rejected"],
    [307, { location: "/elsewhere" }, 1, "rejected"],
    [400, {}, 1, "rejected"],
    [401, {}, 1, "rejected"],
    [404, {}, 1, "rejected"],
    [415, {}, 1, "rejected"],
    [501, {}, 1, "unknown"],
    [409, { "retry-after": "60" }, 1, "unknown"],
    [429, { "retry-after": "60" }, 1, "rejected"],
    [503, { "retry-after": "999999999" }, 1, "rejected"],
    [504, {}, 3, "unknown"],
  ];
  for (const [status, headers, attempts, outcome] of refusals) {
    it(`fails at ${status} after ${attempts} attempts as '${outcome}'`, async () => {
      const { url, requests } = await answering([new Response(null, { status, headers })]);
      const failure = await failureOf(publisher(url));
      assertEquals([requests.length, failure.outcome, failure.cause.status], [
        attempts,
        outcome,
        status,
      ]);
      const asked = headers["retry-after"];
      const wait = asked === undefined ? undefined : Math.min(Number(asked) * 1000, 86_400_000);
      assertEquals(failure.cause.retryAfter, wait);
    });
  }

  it("says that an endpoint is gone at 410", async () => {
    const { url, requests } = await answering([new Response(null, { status: 410 })]);
    const { cause, outcome } = await failureOf(publisher(url));
    assert(cause instanceof EndpointGoneError);
    assertEquals([requests.length, outcome], [1, "rejected"]);
  });

  it("gives up after its time, and does not know what became of it", async () => {
    const { url } = await answering(["never"]);
    const { cause, outcome } = await failureOf(publisher(url, { timeout: 50 }));
    assertEquals(outcome, "unknown");
    assert((cause.cause as Error).message.includes("50 ms"));
  });

  it("knows that nothing was sent where nobody listens", async () => {
    const { cause, outcome } = await failureOf(publisher("http://127.0.0.1:1"));
    assertEquals([outcome, cause.message], [
      "rejected",
      "The webhook endpoint at http://127.0.0.1:1 could not be reached",
    ]);
  });

  it("posts to the path that it is told, keeping a query that no error shows", async () => {
    const { url, requests } = await answering([new Response(null, { status: 400 })]);
    const paths: Partial<WebhookPublisherOptions>[] = [
      {},
      { path: () => "" },
      { path: ({ key }, topic) => `/x/${topic}/${key}` },
    ];
    for (const options of paths) {
      const { cause } = await failureOf(publisher(`${url}/base/?token=t`, options));
      assert(!cause.message.includes("token"));
    }
    const seen = requests.map((request) => request.url.slice(url.length));
    assertEquals(seen, ["/base/orders?token=t", "/base?token=t", "/base/x/orders/?token=t"]);
  });

  it("lets metadata change no header of its own, and refuses line breaks", async () => {
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    const hooks = publisher(url);
    const metadata = { host: "evil.example", authorization: "x", "content-length": "1" };
    await hooks.publish("orders", new Message("hello", { metadata }));
    const [{ headers }] = requests as unknown as [{ headers: Headers }];
    assertEquals(headers.get("host"), url.slice("http://".length));
    assertEquals([headers.get("authorization"), headers.get("content-length")], [null, "5"]);
    assertEquals(headers.get("beat-meta-host"), "evil.example");
    const broken = new Message("", { metadata: { a: "b\r\nhost: evil.example" } });
    await assertRejects(() => hooks.publish("orders", broken));
    assertEquals(requests.length, 1);
  });

  it("ends what is under way when it is closed", async () => {
    const { url } = await answering(["never"]);
    const hooks = publisher(url);
    const publishing = hooks.publish("orders", new Message("hello")).catch((error) => error);
    await assertRejects(() => hooks.close({ timeout: 30 }));
    assert(await publishing instanceof PublishError);
  });

  const refused: [options: object, text: string][] = [
    [{ url: undefined }, "'url' must be a URL"],
    [{ url: "http://example.com", insecureHttp: false }, "begin with https:"],
    [{ secrets: undefined }, "'secrets' must be given"],
    [{ mode: "fancy" }, "'mode'"],
    [{ mode: "cloudevents-binary" }, "must come with 'source'"],
    [{ source: "/shop" }, "option 'source' must come with a mode of CloudEvents"],
    [{ allow: ["10.0.0.0"] }, "'allow' must hold blocks"],
    [{ timeout: 0 }, "'timeout' must be from 1"],
    [{ batch: true }, "option 'batch' is unknown"],
    [{ secrets: "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" }, "must be able to sign"],
  ];
  for (const [options, text] of refused) {
    it(`says "${text}"`, () => {
      let message = "";
      try {
        publisher("https://example.com", options);
      } catch (error) {
        message = (error as Error).message;
      }
      assert(message.includes(text), message);
    });
  }
});

describe("listen()", () => {
  it("rejects when the port is taken", async () => {
    const { hooks, port } = await receiver();
    await assertRejects(() => hooks.listen({ port }), Error);
  });

  it("ends with the subscriber", async () => {
    const { hooks, port } = await receiver();
    await hooks.close();
    await assertRejects(() => connect(port));
    await assertRejects(() => hooks.listen(), Error, "closed");
  });

  for (
    const options of [{ port: -1 }, { port: 1.5 }, { port: 65_536 }, { hostname: "" }, { prot: 1 }]
  ) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const hooks = webhookSubscriber({ unsigned: true });
      await assertRejects(
        () => hooks.listen(options as { port: number }),
        Error,
        "Cannot listen as",
      );
    });
  }

  it("answers a body that comes too slowly, and takes others meanwhile", async () => {
    const { url, port, delivered } = await receiver({ readTimeout: 100 });
    const slow = raw(port, [`POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc`]);
    await publisher(url).publish("orders", new Message("hello"));
    assert((await slow).startsWith("HTTP/1.1 408"), await slow);
    assertEquals(delivered.length, 1);
  });

  it("answers a chunked body over the limit before its end", async () => {
    const { port, delivered } = await receiver({ maxBody: 10_000 });
    const head = "POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
    const answer = await raw(port, [head, chunk, chunk, chunk]);
    assert(answer.startsWith("HTTP/1.1 413"), answer);
    assertEquals(delivered.length, 0);
  });

  for (
    const [what, text] of [
      ["a frame that is none", "\x16\x03\x01\x02\x00\x01"],
      [
        "a chunk size that is none",
        "POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      ],
      ["a header that is none", "POST /orders HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n"],
      [
        "a body that breaks off",
        "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
      ],
    ] as const
  ) {
    it(`lives through ${what}`, async () => {
      const { url, port, delivered } = await receiver();
      const socket = await connect(port);
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.write(text, "latin1", () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
      await publisher(url).publish("orders", new Message("hello"));
      assertEquals(delivered.length, 1);
    });
  }
});

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Sends pieces of a request and reads until the answer's head has come. */
async function raw(port: number, pieces: string[]): Promise<string> {
  const socket = await connect(port);
  let text = "";
  const answered = new Promise<string>((resolve) => {
    socket.on("data", (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      if (text.includes("\r\n\r\n")) resolve(text);
    });
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
  });
  for (const piece of pieces) socket.write(piece);
  const answer = await answered;
  socket.destroy();
  return answer;
}
