import { forSync } from "@beat/beat";
import { Router } from "@beat/beat/router";
import { webhookSubscriber } from "../mod.ts";
import { SECRET } from "./requests.ts";

const bus = forSync<{ order: string }>();
let orders = 0;
bus.on("order", () => orders++);

const hooks = webhookSubscriber({ secrets: SECRET, ackTimeout: 2_000 });
const router = new Router();
router.on("sync", "orders", hooks, (message) => {
  bus.emit("order", message.text());
  if (message.text() === "bad") throw new Error("A bad order");
});
router.on("async", "slow", hooks, async (message) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  bus.emit("order", message.text());
}).workers(4).inFlight(4);

let running: Promise<void> | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    // Not when the module is loaded: nothing may be begun there.
    if (running === undefined) {
      router.run();
      running = router.running;
    }
    await running;
    if (request.method === "GET") return new Response(String(orders));
    return await hooks.fetch(request);
  },
};
