/**
 * Signed requests, and those who answer them, for the questions about webhooks.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import process from "node:process";
import { Buffer } from "node:buffer";
import { Hono } from "hono";
import { StandardWebhook, webhookSubscriber } from "../../adapters/http/mod.ts";
import { serve } from "../../adapters/http/listen.ts";
import { silent } from "../../src/message/mod.ts";
import { Router } from "../../src/router/mod.ts";
import { note } from "./handlers.ts";

const KEY = randomBytes(32);

/** What sender and receiver share. */
export const SECRET = `whsec_${KEY.toString("base64")}`;

/** The path of all requests; its last segment is the topic. */
export const PATH = "/hooks/orders";

/** Requests that are under way at the same time. */
export const CONCURRENCY = 32;

/** About as long as a small webhook. */
export const BODY = JSON.stringify({ id: "order-7", total: 12, note: "x".repeat(974) });

let made = 0;

/** The headers of a request with an id of its own. */
export function signedHeaders(body: string, secret = SECRET): Record<string, string> {
  const id = `msg_${process.pid}_${made++}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

/** What answers requests. */
export interface Answerer {
  fetch(request: Request): Response | Promise<Response>;
  listen(): Promise<{ readonly url: string }>;
}

/** Our subscriber, and a router that acks at once. */
export async function createSubscriber(): Promise<Answerer> {
  const hooks = webhookSubscriber({ secrets: SECRET });
  const router = new Router({ logger: silent });
  router.on("count", "orders", hooks, () => note(1)).workers(CONCURRENCY)
    .inFlight(2 * CONCURRENCY);
  router.on("other", "others", hooks, async ({ payload }) => void await payload);
  router.run();
  await router.running;
  return { fetch: (request) => hooks.fetch(request), listen: () => hooks.listen() };
}

/** A route that reads the body, and verifies it where there is something to verify by. */
export function createRoute(
  verify?: (headers: Headers, body: ArrayBuffer) => unknown,
): Answerer {
  const app = new Hono();
  app.post("/hooks/:topic", async (context) => {
    const body = await context.req.arrayBuffer();
    await verify?.(context.req.raw.headers, body);
    if (body.byteLength > 0) note(1);
    return context.body(null, 204);
  });
  const answer = (request: Request) => app.fetch(request);
  return { fetch: answer, listen: () => serve(answer) };
}

/** What people write by hand: a route and the package of Standard Webhooks. */
export async function createStandardRoute(): Promise<Answerer> {
  const { Webhook } = await import("standardwebhooks");
  const webhook = new Webhook(SECRET);
  const text = new TextDecoder();
  return createRoute((headers, body) => {
    webhook.verify(text.decode(body), Object.fromEntries(headers));
  });
}

/** The same route with our verifier. */
export function createVerifiedRoute(): Answerer {
  const webhook = new StandardWebhook(SECRET);
  return createRoute((headers, body) => webhook.verify(headers, new Uint8Array(body)));
}

/** Answers other requests: of another topic, wrong, of other types. */
export async function useAnswerer(create: () => Answerer | Promise<Answerer>): Promise<void> {
  const { fetch } = await create();
  for (let i = 0; i < 400; i++) {
    const body = JSON.stringify({ i, text: "y".repeat(i) });
    const headers = signedHeaders(body);
    if (i % 5 === 0) headers["webhook-signature"] = "v1,AAAA";
    if (i % 7 === 0) headers["content-type"] = "text/plain";
    const path = i % 3 === 0 ? "/hooks/others" : PATH;
    try {
      await fetch(new Request(`http://localhost${path}`, { method: "POST", headers, body }));
    } catch {
      // A route may refuse a signature by throwing.
    }
  }
}
