import { CloseTimeoutError, Message, PublishError } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import {
  EndpointCircuitOpenError,
  EndpointGoneError,
  WebhookError,
  WebhookPathError,
} from "./errors.ts";
import type { WebhookPublisherOptions } from "./options.ts";
import { answering, closeAll, failureOf, publisher } from "./testdata/sockets.ts";

afterEach(closeAll);

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

  it("does not forget that an earlier attempt may have been stored", async () => {
    const busy = new Response(null, { status: 503, headers: { "retry-after": "60" } });
    const { url } = await answering([new Response(null, { status: 500 }), busy]);
    const { cause, outcome } = await failureOf(publisher(url));
    assertEquals([cause.status, outcome], [503, "unknown"]);
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
    const hooks = publisher(url);
    // It is sent nothing any more, and goes on to say so.
    for (let round = 0; round < 3; round++) {
      const { cause, outcome } = await failureOf(hooks);
      assert(cause instanceof EndpointGoneError);
      assertEquals([requests.length, outcome], [1, "rejected"]);
    }
  });

  it("tells in its error how a refusal begins, and not in the text of that", async () => {
    const said = "  total must not be -12\r\n\tsee the docs\n";
    for (const status of [422, 410, 500]) {
      const { url } = await answering([new Response(said, { status })]);
      const { cause } = await failureOf(publisher(url));
      assertEquals([cause.status, cause.answer], [status, "total must not be -12 see the docs"]);
      assert(!cause.message.includes("-12"));
      const silent = await answering([new Response(null, { status })]);
      assertEquals((await failureOf(publisher(silent.url))).cause.answer, undefined);
    }
  });

  it("keeps 1 024 bytes of a refusal, and no part of a character", async () => {
    const { url } = await answering([new Response("€".repeat(10_000), { status: 422 })]);
    assertEquals((await failureOf(publisher(url))).cause.answer, "€".repeat(341));
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

  const paths: [what: string, path: () => unknown, text: string][] = [
    ["throws", () => {
      throw new Error("no tenant");
    }, "has thrown"],
    ["returns nothing", () => {}, "must return a string: it returned a value of type undefined"],
    ["returns a number", () => 7, "must return a string: it returned a value of type number"],
    ["leads out of the URL", () => "../admin", "must stay below 'url'"],
    ["leads out of the URL in disguise", () => "%2e%2E/admin", "must stay below 'url'"],
  ];
  for (const [what, path, text] of paths) {
    it(`says of which topic it is where 'path' ${what}`, async () => {
      const { url, requests } = await answering([new Response(null, { status: 204 })]);
      for (const mode of ["plain", "cloudevents-batch"] as const) {
        const source = mode === "plain" ? {} : { source: "/shop" };
        const hooks = publisher(`${url}/base`, { mode, ...source, path: path as () => string });
        const message = new Message("", { key: "k" });
        const { failed } = await assertRejects(
          () => hooks.publish("orders", message),
          PublishError,
        );
        const { cause, outcome } = failed[0]!;
        assert(cause instanceof WebhookPathError);
        assertEquals(cause.message, `Cannot post a message of 'orders' as 'path' ${text}`);
        assertEquals((cause.cause as Error)?.message, what === "throws" ? "no tenant" : undefined);
        assertEquals(outcome, "rejected");
      }
      assertEquals(requests.length, 0);
    });
  }

  it("fails for a message alone whose 'path' throws", async () => {
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    const path = ({ key }: Message) => {
      if (key === "bad") throw new Error("no tenant");
      return key;
    };
    const messages = ["a", "bad", "b"].map((key) => new Message("", { key }));
    const publishing = publisher(url, { path }).publish("orders", messages);
    const { failed } = await assertRejects(() => publishing, PublishError);
    assertEquals(failed.map(({ index }) => index), [1]);
    assertEquals(requests.length, 2);
  });

  it("refuses metadata of which headers would lose one, as HTTP knows no capitals in names", async () => {
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    const metadata = { Tenant: "a", tenant: "b" };
    const publishing = publisher(url, { mode: "headers" })
      .publish("orders", new Message("", { metadata }));
    const { failed } = await assertRejects(() => publishing, PublishError);
    assertEquals(failed.map(({ outcome, cause }) => [outcome, (cause as Error).message]), [
      ["rejected", "Cannot write header 'tenant' as there must be one of a name"],
    ]);
    assertEquals(requests.length, 0);
  });

  it("sends headers as they are, and says that bytes are bytes where they say nothing", async () => {
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    const hooks = publisher(url, { mode: "headers" });
    await hooks.publish("orders", new Message("", { metadata: { "X-Tenant": "a" } }));
    await hooks.publish("orders", new Message("", { metadata: { "Content-Type": "text/plain" } }));
    const names = ["x-tenant", "content-type"];
    assertEquals(requests.map(({ headers }) => names.map((name) => headers.get(name))), [
      ["a", "application/octet-stream"],
      [null, "text/plain"],
    ]);
  });

  it("sends the context of a message in the headers of W3C Trace Context, in every mode", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const message = new Message("", { metadata: { traceparent, tracestate: "vendor=a" } });
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    await publisher(url).publish("orders", message);
    await publisher(url, { mode: "headers" }).publish("orders", message);
    for (const mode of ["cloudevents-binary", "cloudevents-structured"] as const) {
      await publisher(url, { mode, source: "/shop" }).publish("orders", message);
    }
    for (const { headers } of requests) {
      assertEquals([headers.get("traceparent"), headers.get("tracestate")], [
        traceparent,
        "vendor=a",
      ]);
    }
    assertEquals(requests.length, 4);
    const batch = publisher(url, { mode: "cloudevents-batch", source: "/shop" });
    await batch.publish("orders", [message, new Message("")]);
    await publisher(url).publish("orders", new Message("", { metadata: { traceparent: "no" } }));
    assertEquals(requests.slice(4).map(({ headers }) => headers.get("traceparent")), [null, null]);
  });

  it("spares an endpoint that fails, and says when it may be tried again", async () => {
    const { url, requests } = await answering([new Response(null, { status: 500 })]);
    const hooks = publisher(url, { circuitBreaker: { minimum: 2 } });
    await failureOf(hooks);
    const { cause, outcome } = await failureOf(hooks);
    assert(cause instanceof EndpointCircuitOpenError);
    assert(cause.message.startsWith(`The webhook endpoint at ${url} is spared`));
    assert(cause.retryAfter! > 0 && cause.retryAfter! <= 30_000);
    assertEquals([requests.length, outcome], [2, "rejected"]);
  });

  it("lets metadata change no header of its own, and refuses line breaks", async () => {
    const { url, requests } = await answering([new Response(null, { status: 204 })]);
    const hooks = publisher(url);
    const metadata = { host: "evil.example", authorization: "x", "content-length": "1" };
    await hooks.publish("orders", new Message("hello", { metadata }));
    const { headers } = requests[0]!;
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

  it("closes within 30 s unless told otherwise", async () => {
    const { url } = await answering(["never"]);
    const hooks = publisher(url);
    const publishing = hooks.publish("orders", new Message("hello")).catch((error) => error);
    // Only what close() starts is timed by it: the request is on a real network.
    const time = new FakeTime();
    try {
      const closing = assertRejects(() => hooks.close(), CloseTimeoutError, "within 30000 ms");
      let isClosed = false;
      closing.finally(() => isClosed = true);
      await time.tickAsync(29_999);
      assertEquals(isClosed, false);
      await time.tickAsync(1);
      await closing;
    } finally {
      time.restore();
    }
    assert(await publishing instanceof PublishError);
  });

  const refused: [options: object, text: string][] = [
    [{ url: undefined }, "'url' must be a URL"],
    [
      { url: "http://example.com", insecureHttp: false },
      "begin with https (http needs 'insecureHttp')",
    ],
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
