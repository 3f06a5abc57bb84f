/**
 * What verifies webhooks, loaded by the process that measures one.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { StandardWebhook } from "../../adapters/http/mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { SECRET } from "./webhook_body.ts";
import { KEY, signedHeaders } from "./webhooks.ts";

type Verify = (headers: Record<string, string>, body: Uint8Array) => unknown;

const TEXT = new TextDecoder();

/** What no verifier can do without: one hash and one comparison, without waiting. */
function bare(): Verify {
  return (headers, body) => {
    const head = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`;
    const expected = createHmac("sha256", KEY).update(head).update(body).digest();
    const given = Buffer.from(headers["webhook-signature"]!.slice("v1,".length), "base64");
    if (!timingSafeEqual(expected, given)) throw new Error("wrong signature");
  };
}

function beat(): Verify {
  const webhook = new StandardWebhook(SECRET);
  return (headers, body) => webhook.verify(headers, body);
}

async function standard(): Promise<Verify> {
  const { Webhook } = await import("standardwebhooks");
  const webhook = new Webhook(SECRET);
  return (headers, body) => webhook.verify(TEXT.decode(body), headers);
}

const VERIFIERS = { beat, bare, standard };

/** Verifies the same request of so many KiB again and again. */
export async function verifying(by: keyof typeof VERIFIERS, kib: number): Promise<Work> {
  const verify = await VERIFIERS[by]();
  // The package of Standard Webhooks parses what it has verified.
  const text = JSON.stringify("z".repeat(kib * 1024 - 2));
  const body = new TextEncoder().encode(text);
  const headers = signedHeaders(text);
  return {
    opsPerRound: kib,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        await verify(headers, body);
        note(kib);
      }
    },
  };
}
