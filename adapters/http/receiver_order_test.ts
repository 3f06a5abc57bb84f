import { memoryStore } from "@beat/beat/middleware";
import type { Store } from "@beat/beat/message";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { chunked, receiver, STRUCTURED, until } from "./testdata/receiver.ts";
import { type RequestChanges, webhook } from "./testdata/requests.ts";

const OPTIONS = { maxBody: 1_000, readTimeout: 30 };
const MALFORMED: RequestChanges = { headers: STRUCTURED, body: "{" };

/** A store that is down, and how often it was asked. */
function brokenStore(): { store: Store; asked: () => number } {
  let count = 0;
  const down = () => {
    count++;
    return Promise.reject(new Error("down"));
  };
  return { store: { claim: down, extend: down, done: down, release: down }, asked: () => count };
}

describe("the checks of a webhook receiver come in their order:", () => {
  /** What is wrong with a request in two ways, and which of them it is told of. */
  const pairs: [what: string, changes: RequestChanges, status: number][] = [
    ["405 before 413", { method: "PUT", headers: { "content-length": "9999" } }, 405],
    [
      "413 by the header before 415",
      { headers: { "content-length": "9999", "content-type": "text/html" } },
      413,
    ],
    [
      "415 before a counted 413",
      { headers: { "content-type": "text/html" }, body: chunked(Array(20).fill("x".repeat(100))) },
      415,
    ],
    [
      "415 for the encoding before 408",
      { headers: { "content-encoding": "gzip" }, body: chunked(["a"], false) },
      415,
    ],
    ["408 before 401", { secret: undefined, body: chunked(["a"], false) }, 408],
    [
      "a counted 413 before 401",
      { secret: undefined, body: chunked(Array(20).fill("x".repeat(100))) },
      413,
    ],
    ["401 before 400", { ...MALFORMED, secret: undefined }, 401],
    ["401 before 404", { path: "/nobody", secret: undefined }, 401],
    ["400 before 404", { ...MALFORMED, path: "/nobody" }, 400],
  ];
  for (const [what, changes, status] of pairs) {
    it(what, async () => {
      const { delivered, send, close } = await receiver(OPTIONS);
      assertEquals((await send(changes)).status, status);
      assertEquals(delivered.length, 0);
      await close();
    });
  }

  it("415 before the body is read", async () => {
    const { hooks, close } = await receiver(OPTIONS);
    let isRead = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        isRead = true;
        controller.close();
      },
    }, { highWaterMark: 0 });
    const request = await webhook({ body, headers: { "content-type": "text/html" } });
    assertEquals((await hooks.fetch(request)).status, 415);
    assertEquals(isRead, false);
    await close();
  });

  it("401 and 400 before the store is asked, and its 503 before 404", async () => {
    const { store, asked } = brokenStore();
    const { send, close } = await receiver({ ...OPTIONS, store });
    assertEquals((await send({ secret: undefined })).status, 401);
    assertEquals((await send(MALFORMED)).status, 400);
    assertEquals(asked(), 0);
    const answer = await send({ path: "/nobody" });
    assertEquals([answer.status, answer.text], [503, "Replay store is not available\n"]);
    assertEquals(asked(), 1);
    await close();
  });

  it("204 for what was handled before 503 as the topic has no subscription now", async () => {
    const store = memoryStore();
    const first = await receiver({ store });
    assertEquals((await first.send({ id: "m" })).status, 204);
    await first.hooks.subscribe("bills");
    await first.close();
    const second = await receiver({ store });
    assertEquals((await second.send({ id: "m", path: "/bills" })).status, 204);
    await second.close();
  });

  it("409 before 404: the id is at work under another topic", async () => {
    const { delivered, send, close } = await receiver(OPTIONS, () => {});
    const first = send({ id: "m" });
    await until(() => delivered.length === 1);
    assertEquals((await send({ id: "m", path: "/nobody" })).status, 409);
    delivered[0]!.ack();
    assertEquals((await first).status, 204);
    await close();
  });

  it("404 before 503 as handlers are busy, which is said of their topic only", async () => {
    const { hooks, close } = await receiver(OPTIONS);
    const stream = await hooks.subscribe("bills", { prefetch: 1 });
    const iterator = stream[Symbol.asyncIterator]();
    const next = iterator.next();
    const first = hooks.fetch(await webhook({ path: "/bills" }));
    const { value } = await next;
    const busy = await hooks.fetch(await webhook({ path: "/bills" }));
    assertEquals([busy.status, await busy.text()], [503, "Handlers are busy\n"]);
    assertEquals((await hooks.fetch(await webhook({ path: "/nobody" }))).status, 404);
    assertEquals((await hooks.fetch(await webhook())).status, 204);
    value!.ack();
    assertEquals((await first).status, 204);
    await close();
  });

  it("503 as it is closed before all others", async () => {
    const { hooks, send } = await receiver(OPTIONS);
    await hooks.close();
    const { status, text } = await send({ method: "PUT" });
    assertEquals([status, text], [503, "Receiver is closed\n"]);
  });
});
