import { MemoryBroker } from "@beat/beat/memory";
import { Message, PublishError, silent } from "@beat/beat/message";
import { Router } from "@beat/beat/router";
import { type RetryPolicy, subscriber } from "@beat/beat/transport";
import { publisher as publisherOf } from "@beat/beat/transport";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { EndpointGoneError, WebhookError } from "./errors.ts";
import { standardWebhooks } from "./retry_schedule.ts";
import type { WebhookPublisherOptions } from "./options.ts";
import { answering, closeAll, opened, publisher } from "./testdata/sockets.ts";

afterEach(closeAll);

const HOUR = 3_600_000;

describe("standardWebhooks()", () => {
  it("is the schedule that the specification suggests, each delay up to a tenth longer", () => {
    const suggested = [5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map((h) => h * HOUR)];
    assertEquals(suggested.reduce((sum, delay) => sum + delay), 75 * HOUR + 35 * 60_000 + 5_000);
    const { delays, jitter } = standardWebhooks();
    assertEquals([delays, jitter], [suggested, 0.1]);
  });

  it("gives up what is gone, alone or among others, and nothing else", () => {
    const { shouldRetry } = standardWebhooks();
    const gone = new EndpointGoneError("https://partner.example.com");
    const busy = new WebhookError("https://partner.example.com", "answered 503", { status: 503 });
    const publishing = (...causes: unknown[]) => {
      const failed = causes.map((cause, index) => ({ index, cause, outcome: "rejected" as const }));
      return new PublishError("orders", failed, failed.length);
    };
    for (const error of [gone, publishing(gone), publishing(busy, gone)]) {
      assertEquals(shouldRetry!(error), false);
    }
    for (const error of [busy, publishing(busy), new Error("down"), undefined]) {
      assertEquals(shouldRetry!(error), true);
    }
  });

  it("heeds what an endpoint asks for up to a day", () => {
    assertEquals(standardWebhooks().maxRetryAfter, 24 * HOUR);
  });
});

/** A router that posts what comes to its topic, as it is read in the documentation. */
async function posting(
  url: string,
  policy: RetryPolicy,
  options: Partial<WebhookPublisherOptions> = {},
) {
  const broker = new MemoryBroker();
  opened.push(() => broker.close());
  const out = publisherOf(broker);
  const letters = (await subscriber(broker).subscribe("dead"))[Symbol.asyncIterator]();
  const router = new Router({ logger: silent });
  const partner = publisher(url, options);
  router.handle("deliver", "outbox", subscriber(broker), "orders", partner, (message) => message)
    .retry(policy)
    .dlq({ topic: "dead", publisher: out });
  const ended = router.run();
  await router.running;
  await out.publish("outbox", new Message("hello"));
  const letter = async () => {
    const { value } = await letters.next();
    value!.ack();
    return value!;
  };
  const close = async () => {
    await router.close();
    await ended;
  };
  return { letter, close };
}

describe("a router that posts webhooks", () => {
  it("gives a message up at once when its endpoint is gone", async () => {
    const { url, requests } = await answering([new Response(null, { status: 410 })]);
    const { letter, close } = await posting(url, standardWebhooks());
    const { metadata } = await letter();
    assertEquals([requests.length, metadata.get("dlq_attempts")], [1, "1"]);
    assert(metadata.get("dlq_reason")!.startsWith("PublishError"));
    await close();
  });

  for (const status of [429, 503]) {
    it(`comes again after ${status} not before the endpoint has asked for`, async () => {
      const came: number[] = [];
      const done = Promise.withResolvers<void>();
      const headers = { "retry-after": "1" };
      const { url, requests } = await answering([
        new Response(null, { status, headers }),
        new Response(null, { status: 204 }),
      ], () => {
        if (came.push(performance.now()) === 2) done.resolve();
      });
      // Too short for the quick attempts: what is left is for the router.
      const policy = { ...standardWebhooks(), delays: [0] };
      const { close } = await posting(url, policy, { timeout: 900 });
      await done.promise;
      assertEquals(requests.length, 2);
      const [first, second] = came as [number, number];
      // A millisecond for the clocks, which are not read at the same time.
      assertGreaterOrEqual(second - first, 999);
      await close();
    });
  }

  it("tries no more often than its schedule says what fails for ever", async () => {
    const { url, requests } = await answering([new Response(null, { status: 500 })]);
    const { letter, close } = await posting(url, { ...standardWebhooks(), delays: [0, 0] });
    assertEquals((await letter()).metadata.get("dlq_attempts"), "3");
    // Three quick attempts each.
    assertEquals(requests.length, 9);
    await close();
  });
});
