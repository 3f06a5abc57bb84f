import { silent, type Store } from "@beat/beat/message";
import { memoryStore } from "@beat/beat/middleware";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { BATCH, EVENT, receiver, until } from "./testdata/receiver.ts";
import { consume, SECRET, webhook } from "./testdata/requests.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

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
    const { status, text, headers } = await send({ id: "m" });
    assertEquals([status, text], [503, "Webhook was not handled in time\n"]);
    assertEquals(headers.get("retry-after"), "1");
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

  it("the same whatever its logger throws", async () => {
    const fail = () => {
      throw new Error("the pipe is gone");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const { error } = console;
    const printed: unknown[][] = [];
    console.error = (...args) => void printed.push(args);
    try {
      const { fetch } = webhookSubscriber({ unsigned: true, logger });
      const url = "http://localhost/orders";
      assertEquals((await fetch(new Request(url))).status, 405);
      const posted = await fetch(new Request(url, { method: "POST", body: "{}" }));
      assertEquals(posted.status, 503);
      assertEquals(printed.map(([text]) => text), ["A logger failed:", "A logger failed:"]);
    } finally {
      console.error = error;
    }
  });

  it("the same whatever its logger throws about the store", async () => {
    const fail = () => {
      throw new Error("the pipe is gone");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const down = () => Promise.reject(new Error("down"));
    const printed = stub(console, "error", () => {});
    try {
      const blind = await receiver({ logger, store: { ...memoryStore(), claim: down } });
      const { status, text } = await blind.send();
      assertEquals([status, text], [503, "Replay store is not available\n"]);
      await blind.close();
      const forgetful = await receiver({ logger, store: { ...memoryStore(), done: down } });
      assertEquals((await forgetful.send()).status, 204);
      await forgetful.close();
      const greedy = await receiver(
        { logger, store: { ...memoryStore(), release: down } },
        (message) => message.nack(),
      );
      const nacked = await greedy.send();
      assertEquals([nacked.status, nacked.text], [503, "Webhook was not handled\n"]);
      await greedy.close();
      assert(printed.calls.every(({ args }) => args[0] === "A logger failed:"));
    } finally {
      printed.restore();
    }
  });

  it("500 to what nobody has foreseen, and logs the error alone: neither headers nor the body", async () => {
    const lines: [string, object][] = [];
    const error = (text: string, about: object = {}) => void lines.push([text, about]);
    const unforeseen = new Error("no such table");
    const { delivered, send, close } = await receiver({
      logger: { ...silent, error },
      topicOf: () => {
        throw unforeseen;
      },
    });
    const { status, text } = await send({ id: "m" });
    assertEquals([status, text], [500, "Webhook could not be received\n"]);
    assertEquals(lines, [["A webhook could not be received", { error: unforeseen }]]);
    assertEquals(Object.keys(lines[0]![1]), ["error"]);
    assertEquals(delivered.length, 0);
    await close();
  });

  it("403 to a webhook that was handled under another topic: the path is not signed", async () => {
    const warnings: unknown[] = [];
    const warn = (_: string, about?: object) => void warnings.push(about);
    const logger = { ...silent, warn };
    const { hooks, delivered, send, close } = await receiver({ logger });
    await consume(hooks, "refunds", (message) => {
      delivered.push(message);
      message.ack();
    });
    assertEquals((await send({ id: "m" })).status, 204);
    const replay = await send({ id: "m", path: "/refunds" });
    assertEquals([replay.status, replay.text], [403, "Webhook was handled under another topic\n"]);
    assertEquals(warnings, [
      {
        path: "/refunds",
        id: "m",
        status: 403,
        reason: "Webhook was handled under another topic",
        fault: "other-topic",
      },
    ]);
    assertEquals(delivered.length, 1);
    assertEquals((await send({ id: "n", path: "/refunds" })).status, 204);
    await close();
  });

  it("204 to a replay under another topic that another process has handled", async () => {
    const store = memoryStore();
    const first = await receiver({ store });
    assertEquals((await first.send({ id: "m" })).status, 204);
    await first.close();
    const second = await receiver({ store });
    await consume(second.hooks, "refunds", (message) => message.nack());
    assertEquals((await second.send({ id: "m", path: "/refunds" })).status, 204);
    assertEquals(second.delivered.length, 0);
    await second.close();
  });

  it("503 to a topic without a subscription, unless it runs and has never had one: 404", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const ask = async (path: string) => (await hooks.fetch(await webhook({ path }))).status;
    assertEquals(await ask("/orders"), 503);
    const orders = await hooks.subscribe("orders");
    const paid = await hooks.subscribe("paid");
    assertEquals(await ask("/nobody"), 404);
    await orders.close();
    assertEquals(await ask("/orders"), 503);
    assertEquals(await ask("/nobody"), 404);
    await paid.close();
    assertEquals(await ask("/nobody"), 503);
    const answer = await hooks.fetch(await webhook());
    assertEquals(answer.headers.get("retry-after"), "1");
    await hooks.close();
  });

  it("503 to what a handler leaves unsettled when its time to close is over", async () => {
    const { hooks, delivered, send } = await receiver({ ackTimeout: 2_000 }, () => {});
    const answer = send();
    await until(() => delivered.length === 1);
    await assertRejects(() => hooks.close({ timeout: 1 }));
    const { status, text, headers } = await answer;
    assertEquals([status, text], [503, "Webhook was not handled\n"]);
    assertEquals(headers.get("retry-after"), "1");
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

  it("409 with a Retry-After from 0 to the lease, whatever its store says", async () => {
    const said = [[-2_000, "0"], [0, "0"], [1, "1"], [1_001, "2"], [3_600_000, "20"], [
      Infinity,
      "20",
    ], [NaN, "0"]];
    for (const [retryAfter, header] of said) {
      const claim = () => Promise.resolve({ kind: "in-flight", retryAfter } as never);
      const { send, close } = await receiver({ store: { ...memoryStore(), claim } });
      const { status, headers } = await send();
      assertEquals([status, headers.get("retry-after")], [409, header]);
      await close();
    }
  });

  it("503 when the store is down, and delivers nothing", async () => {
    const throwing = () => {
      throw new Error("down");
    };
    for (const down of [() => Promise.reject(new Error("down")), throwing]) {
      const store = { claim: down, extend: down, done: down, release: down };
      const { delivered, send, close } = await receiver({ store });
      const { status, text, headers } = await send();
      assertEquals([status, text], [503, "Replay store is not available\n"]);
      assertEquals(headers.get("retry-after"), "1");
      assertEquals(delivered.length, 0);
      await close();
    }
  });

  it("503 when the store says nothing in time, and lets go of what it gives later", async () => {
    const memory = memoryStore();
    const answer = Promise.withResolvers<void>();
    const claim: Store["claim"] = async (key, lease) => {
      await answer.promise;
      return await memory.claim(key, lease);
    };
    const store = { ...memory, claim };
    const { delivered, send, close } = await receiver({ store, ackTimeout: 20 });
    const { status, text } = await send({ id: "m" });
    assertEquals([status, text], [503, "Replay store is not available\n"]);
    assertEquals(delivered.length, 0);
    answer.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals((await send({ id: "m" })).status, 204);
    await close();
  });

  it("204 though the store says nothing to the mark", async () => {
    const store = { ...memoryStore(), done: () => new Promise<boolean>(() => {}) };
    const { send, close } = await receiver({ store, ackTimeout: 20 });
    assertEquals((await send()).status, 204);
    await close();
  });

  it("503 though the store does not let go of a webhook that is nacked", async () => {
    const store = { ...memoryStore(), release: () => Promise.reject(new Error("down")) };
    const { send, close } = await receiver({ store }, (message) => message.nack());
    const { status, text } = await send();
    assertEquals([status, text], [503, "Webhook was not handled\n"]);
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
    assertEquals(second.headers.get("retry-after"), "1");
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
