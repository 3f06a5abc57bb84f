import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { startWorker } from "../../tests/_workerd/mod.ts";
import { type RequestChanges, SECRET, webhook } from "./testdata/requests.ts";

/** The example worker, whose handlers give what comes to a sync bus. */
async function start() {
  const entry = new URL("../../examples/worker/main.ts", import.meta.url);
  const worker = await startWorker(entry, { WEBHOOK_SECRET: SECRET });
  const send = async (changes: RequestChanges = {}): Promise<number> => {
    const { url, headers, body } = await webhook(changes);
    const response = await worker.dispatchFetch(url, {
      method: "POST",
      headers: Object.fromEntries(headers),
      body: await new Response(body).text(),
    });
    return response.status;
  };
  const orders = async () =>
    Number(await (await worker.dispatchFetch("http://receiver.test/")).text());
  return { send, orders, close: () => worker.dispose() };
}

describe("a webhook receiver in workerd, with a sync bus behind it", () => {
  it("answers many requests in a row, and many at once", async () => {
    const { send, orders, close } = await start();
    try {
      for (let at = 0; at < 50; at++) assertEquals(await send(), 204);
      assertEquals(await orders(), 50);
      assertEquals(await send({ body: "bad" }), 503);
      assertEquals(await send({ secret: undefined }), 401);
      assertEquals(await send(), 204);
      const atOnce = await Promise.all(Array.from({ length: 30 }, () => send()));
      assert(atOnce.every((status) => status === 204));
      assertEquals(await orders(), 82);
    } finally {
      await close();
    }
  });

  it("lets in as many as have a handler, whose work goes on in their own requests", async () => {
    const { send, orders, close } = await start();
    try {
      for (let round = 0; round < 5; round++) {
        const before = await orders();
        const statuses = await Promise.all(
          Array.from({ length: 12 }, () => send({ path: "/slow" })),
        );
        const handled = statuses.filter((status) => status === 204).length;
        assert(handled >= 4, `${handled} were handled`);
        assert(statuses.every((status) => status === 204 || status === 503));
        assertEquals(await orders(), before + handled);
      }
    } finally {
      await close();
    }
  });
});
