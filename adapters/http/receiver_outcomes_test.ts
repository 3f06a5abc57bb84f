/** What the sender is told of a batch whose events end differently, and what is kept of a webhook then. */
import { CloseTimeoutError, type Message, silent, type Store } from "@beat/beat/message";
import { memoryStore } from "@beat/beat/middleware";
import { Router } from "@beat/beat/router";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import { StandardWebhook } from "./standard_webhooks.ts";
import { BATCH, EVENT, receiver, until } from "./testdata/receiver.ts";
import { SECRET, webhook } from "./testdata/requests.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

/** What comes back for a batch of which each event is handled by its id. */
async function answerTo(handle: (message: Message) => void, ...ids: string[]) {
  const { send, close } = await receiver({ batch: true, ackTimeout: 30 }, handle);
  const body = JSON.stringify(ids.map((id) => ({ ...EVENT, id })));
  const { status, text, headers } = await send({ headers: BATCH, body });
  await close();
  return [status, text, headers.get("retry-after")];
}

describe("a batch of webhooks", () => {
  it("was not handled in time where one of it was not, though the others were", async () => {
    const handle = (message: Message) => void (message.uuid === "late" || message.ack());
    const late = [503, "Webhook was not handled in time\n", "1"];
    assertEquals(await answerTo(handle, "a", "late", "b"), late);
  });

  it("comes again after the longest of the delays that were asked for", async () => {
    const handle = (message: Message) => void message.nack({ delay: Number(message.uuid) });
    const answer = [503, "Webhook was not handled\n", "5"];
    assertEquals(await answerTo(handle, "2000", "5000", "0"), answer);
  });

  it("comes again at once where that is what was asked for one of it", async () => {
    const handle = (message: Message) => {
      if (message.uuid === "again") message.nack({ delay: 0 });
      else message.ack();
    };
    const answer = [503, "Webhook was not handled\n", "0"];
    assertEquals(await answerTo(handle, "a", "again"), answer);
  });
});

describe("a webhook receiver", () => {
  it("does not count a delivery that no handler had", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const send = async (id: string) => (await hooks.fetch(await webhook({ id }))).status;
    const router = new Router({ logger: silent });
    const gate = Promise.withResolvers<void>();
    router.on("keep", "bills", hooks, () => {});
    const busy = router.on("busy", "orders", hooks, () => gate.promise).inFlight(2);
    const run = router.run();
    await router.running;
    const first = send("a");
    await until(() => busy.stats()!.inFlight === 1);
    const second = send("b");
    await until(() => busy.stats()!.inFlight === 2);
    const stopped = busy.stop();
    assertEquals(await second, 503);
    gate.resolve();
    await stopped;
    assertEquals(await first, 204);
    const attempts: number[] = [];
    await router.on("next", "orders", hooks, (message) => {
      if (attempts.push(message.attempt) === 1) message.nack();
    }).started;
    assertEquals([await send("b"), await send("b")], [503, 204]);
    assertEquals(attempts, [1, 2]);
    await router.close();
    await run;
    await hooks.close();
  });

  it("tries again here what it has accepted: its sender will not", async () => {
    const { delivered, send, close } = await receiver({ respond: "accepted" }, (message) => {
      if (message.attempt === 1) message.nack({ delay: 1 });
      else message.ack();
    });
    assertEquals((await send({ id: "a" })).status, 202);
    await until(() => delivered.length === 2);
    assertEquals(delivered.map(({ uuid, attempt }) => [uuid, attempt]), [["a", 1], ["a", 2]]);
    assertEquals((await send({ id: "a" })).status, 204);
    await close();
  });

  it("counts a delivery whose handler was not done when its subscription ended", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const send = async (id: string) => (await hooks.fetch(await webhook({ id }))).status;
    const router = new Router({ logger: silent, closeTimeout: 0 });
    router.on("keep", "bills", hooks, () => {});
    const stuck = router.on("stuck", "orders", hooks, () => new Promise<void>(() => {}));
    const run = router.run();
    await router.running;
    const first = send("a");
    await until(() => stuck.stats()!.inFlight === 1);
    await assertRejects(() => stuck.stop(), CloseTimeoutError);
    assertEquals(await first, 503);
    const attempts: number[] = [];
    await router.on("next", "orders", hooks, ({ attempt }) => void attempts.push(attempt)).started;
    assertEquals([await send("a"), attempts], [204, [2]]);
    await router.close();
    await run;
    await hooks.close();
  });

  it("answers 500, and not 401, when it cannot verify for a reason of its own", async () => {
    const errors: unknown[] = [];
    const error = new Error("no entropy");
    const broken = stub(StandardWebhook.prototype, "verify", () => Promise.reject(error));
    try {
      const logger = {
        debug() {},
        info() {},
        warn() {},
        error: (_: string, about: object = {}) => void errors.push(about),
      };
      const { delivered, send, close } = await receiver({ logger });
      const { status, text } = await send();
      assertEquals([status, text], [500, "Webhook could not be received\n"]);
      assertEquals([errors, delivered.length], [[{ error }], 0]);
      await close();
    } finally {
      broken.restore();
    }
  });

  it("logs that its store did not answer, and with what", async () => {
    const lines: unknown[] = [];
    const logger = { ...silent, error: (...line: unknown[]) => void lines.push(line) };
    const error = new Error("down");
    const claim = () => Promise.reject(error);
    const { send, close } = await receiver({ logger, store: { ...memoryStore(), claim } });
    assertEquals((await send()).status, 503);
    assertEquals(lines, [["The replay store did not answer", { error }]]);
    await close();
  });

  it("leaves no timer behind a request, however that ends", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      // Not there at once: it is waited for with a limit.
      const claim: Store["claim"] = async (key, lease) => {
        for (let turn = 0; turn < 10; turn++) await undefined;
        return await store.claim(key, lease);
      };
      const { send, close } = await receiver({ store: { ...store, claim } }, (message) => {
        if (message.text() === "bad") message.nack();
        else message.ack();
      });
      const ends = [{}, { body: "bad" }, { secret: undefined }, { path: "/nobody" }];
      for (const changes of ends) await send(changes);
      await close();
      assertEquals(time.next(), false);
    }));
});
