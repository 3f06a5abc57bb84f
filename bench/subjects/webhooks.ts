/**
 * Requests that are signed by hand, for the questions about webhooks.
 *
 * @module
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import process from "node:process";
import { SECRET } from "./webhook_body.ts";

/** The secret; Node takes five times as long where it is given as bytes. */
export const KEY: KeyObject = createSecretKey(SECRET.slice("whsec_".length), "base64");

let made = 0;

/** The headers of a request with an id of its own. */
export function signedHeaders(body: string | Uint8Array): Record<string, string> {
  const id = `msg_${process.pid}_${made++}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const hash = createHmac("sha256", KEY).update(`${id}.${timestamp}.`).update(body);
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${hash.digest("base64")}`,
  };
}
