/**
 * Servers of webhooks, with a sender in another process.
 *
 * @module
 */
import { memoryStore } from "@beat/beat/middleware";
import { Router } from "@beat/beat/router";
import { webhookSubscriber } from "@beat/http";
import { Hono } from "hono";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { serve } from "../../adapters/http/listen.ts";
import type { Work } from "../harness/types.ts";
import { handlers } from "./handlers.ts";
import { SECRET } from "./webhook_body.ts";

const EVENT = { type: "order", data: { value: 1 } } as Parameters<typeof handlers[0]>[0];
/** Requests of a round, which is one line to the sender. */
const ROUND = 256;
/** Fewer than the sender's supply. */
const REMEMBERED = 20_000;

/** Answers a request. */
type Fetch = (request: Request) => Response | Promise<Response>;

/** A Hono route that reads the body. */
export function bareRoute(): Promise<Work> {
  const app = new Hono();
  app.post("/:topic", async (context) => {
    await context.req.raw.arrayBuffer();
    handlers[0]!(EVENT);
    return context.body(null, 204);
  });
  return serveTo((request) => app.fetch(request));
}

/** What people write by hand: that route, and the package of Standard Webhooks. */
export async function standardRoute(): Promise<Work> {
  const { Webhook } = await import("standardwebhooks");
  const webhook = new Webhook(SECRET);
  const app = new Hono();
  app.post("/:topic", async (context) => {
    const headers = Object.fromEntries(context.req.raw.headers);
    webhook.verify(await context.req.raw.text(), headers);
    handlers[0]!(EVENT);
    return context.body(null, 204);
  });
  return await serveTo((request) => app.fetch(request));
}

/** A subscriber with a router's handler behind it. */
export async function subscriberWork(signed: boolean): Promise<Work> {
  const store = memoryStore({ capacity: REMEMBERED });
  const hooks = webhookSubscriber({
    store,
    ...(signed ? { secrets: SECRET } : { unsigned: true }),
  });
  const router = new Router();
  router.on("orders", "orders", hooks, () => handlers[0]!(EVENT)).inFlight(64);
  router.run();
  await router.running;
  return await serveTo(hooks.fetch);
}

/** Serves, and has a sender send as many requests as the rounds ask for. */
async function serveTo(fetch: Fetch): Promise<Work> {
  const { port, close } = await serve(fetch);
  const script = new URL("./webhook_client.ts", import.meta.url).pathname;
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check", "--no-lock"] : [];
  const client = spawn(process.execPath, [...flags, script, String(port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    opsPerRound: ROUND,
    async run(rounds) {
      client.stdin.write(`${rounds * ROUND}\n`);
      const { value } = await lines.next();
      if (Number(value) !== rounds * ROUND) throw new Error(`only ${value} were taken`);
    },
    async end() {
      client.stdin.end();
      await once(client, "exit");
      await close();
    },
  };
}
