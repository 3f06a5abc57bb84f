import { MemoryBroker } from "@beat/beat/memory";
import { Message } from "@beat/beat/message";
import { Router } from "@beat/beat/router";
import { publisher, subscriber } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "hono";
import { SECRET, webhook } from "./testdata/requests.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";
import { webhookTransport } from "./webhook_transport.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("a router on webhooks", () => {
  it("answers after the handler's result is published", async () => {
    const broker = new MemoryBroker();
    const paid = (await subscriber(broker).subscribe("paid"))[Symbol.asyncIterator]();
    const hooks = webhookSubscriber({ secrets: SECRET });
    const router = new Router({ logger: silent });
    router.handle("bill", "orders", hooks, "paid", publisher(broker), (message) => {
      return new Message(`paid ${message.text()}`);
    });
    const ended = router.run();
    await router.running;
    assertEquals((await hooks.fetch(await webhook({ body: "7" }))).status, 204);
    const { value } = await paid.next();
    assertEquals(value!.text(), "paid 7");
    value!.ack();
    await router.close();
    await ended;
    await Promise.all([hooks.close(), broker.close()]);
  });

  it("answers 503 until its attempts are used up, then 204 as the message is a dead letter", async () => {
    const broker = new MemoryBroker();
    const dead = (await subscriber(broker).subscribe("dead"))[Symbol.asyncIterator]();
    const hooks = webhookSubscriber({ secrets: SECRET });
    const router = new Router({ logger: silent });
    const attempts: number[] = [];
    router.on("bill", "orders", hooks, (message) => {
      attempts.push(message.attempt);
      throw new Error("No money");
    }).retry({ delays: [0, 0] }).dlq({ topic: "dead", publisher: publisher(broker) });
    const ended = router.run();
    await router.running;
    const send = async () => (await hooks.fetch(await webhook({ id: "m" }))).status;
    assertEquals([await send(), await send(), await send()], [503, 503, 204]);
    assertEquals(attempts, [1, 2, 3]);
    const { value } = await dead.next();
    assertEquals([value!.uuid, value!.metadata.get("dlq_reason")], ["m", "Error: No money"]);
    value!.ack();
    await router.close();
    await ended;
    await Promise.all([hooks.close(), broker.close()]);
  });

  it("finishes what runs when it is closed, and answers 503 to what comes later", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const router = new Router({ logger: silent });
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    router.on("slow", "orders", hooks, async () => {
      started.resolve();
      await finish.promise;
    });
    const ended = router.run();
    await router.running;
    const running = hooks.fetch(await webhook());
    await started.promise;
    const closing = router.close();
    assertEquals((await hooks.fetch(await webhook())).status, 503);
    finish.resolve();
    assertEquals((await running).status, 204);
    await closing;
    await ended;
    await hooks.close();
  });
});

describe("a webhook transport", () => {
  it("is mounted in a Hono app, by its fetch and by its app", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const router = new Router({ logger: silent });
    router.on("orders", "orders", hooks, () => {});
    const ended = router.run();
    await router.running;
    const app = new Hono();
    app.mount("/mounted", hooks.fetch);
    app.route("/routed", hooks.app as unknown as Hono);
    for (const path of ["/mounted/orders", "/routed/v1/orders"]) {
      assertEquals((await app.fetch(await webhook({ path }))).status, 204);
    }
    assertEquals((await hooks.app.request(await webhook())).status, 204);
    assertEquals((await app.fetch(await webhook({ path: "/orders" }))).status, 404);
    await router.close();
    await ended;
    await hooks.close();
  });

  it("has both halves, and each only if it was given what that needs", async () => {
    const { fetch } = webhookTransport({ secrets: SECRET, url: "https://hooks.example.com" });
    assertEquals(
      (await fetch(new Request("http://receiver.test/", { method: "PUT" }))).status,
      405,
    );
    const receiving = webhookTransport({ secrets: SECRET });
    let message = "";
    try {
      receiving.sink();
    } catch (error) {
      message = (error as Error).message;
    }
    assertEquals(message, "Cannot publish as the webhook transport has no 'url'");
  });
});
