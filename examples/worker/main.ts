/**
 * A worker for workerd and the clouds that run it: takes signed webhooks, and gives them to a sync bus.
 *
 * `POST /orders` is handled at once, `POST /slow` later, `GET /` tells how many orders there were.
 * Bundle it (esbuild does: format `esm`, conditions `workerd`, external `node:*`), give it the binding
 * `WEBHOOK_SECRET` and the flag `nodejs_compat`. `adapters/http/workerd_test.ts` does all that.
 *
 * @module
 */
import { forSync } from "@beat/beat";
import { Router } from "@beat/beat/router";
import { webhookSubscriber } from "@beat/http";

/** What the platform gives the worker. */
interface Environment {
  /** The secret that the sender signs with. */
  WEBHOOK_SECRET: string;
}

interface Shop {
  order: string;
}

/** Begins with the first request: nothing may be begun while a module is loaded. */
async function open({ WEBHOOK_SECRET }: Environment) {
  const bus = forSync<Shop>();
  let orders = 0;
  bus.on("order", () => orders++);

  const hooks = webhookSubscriber({ secrets: WEBHOOK_SECRET, ackTimeout: 2_000 });
  const router = new Router();
  router.on("sync", "orders", hooks, (message) => {
    bus.emit("order", message.text());
    if (message.text() === "bad") throw new Error("A bad order");
  });
  // A message that waits for a worker would be handled in the request of another one.
  router.on("async", "slow", hooks, async (message) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    bus.emit("order", message.text());
  }).workers(4).inFlight(4);
  router.run();
  await router.running;
  return { fetch: hooks.fetch, count: () => orders };
}

let opened: ReturnType<typeof open> | undefined;

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    const { fetch, count } = await (opened ??= open(environment));
    return request.method === "GET" ? new Response(String(count())) : await fetch(request);
  },
};
