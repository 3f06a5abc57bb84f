import type { Message, Middleware } from "@beat/beat/message";
import { correlation, deduplicate, memoryStore, validate } from "@beat/beat/middleware";
import { payloadSchema } from "./payload.ts";

/** What stands before the handlers of the flow; a test takes one of them away and sees what is missed. */
export interface Guards {
  /** Ties what a webhook leads to to that webhook. */
  readonly correlation: Middleware;
  /** Lets a delivery of GitHub through once, whatever webhooks it came in. */
  readonly deduplicate: Middleware;
  /** Lets through what is a payload. */
  readonly validate: Middleware;
}

/** All of them. */
export function newGuards(): Guards {
  return {
    correlation: correlation(),
    deduplicate: deduplicate({ store: memoryStore(), key: deliveryOf }),
    validate: validate(payloadSchema),
  };
}

/** GitHub's "Redeliver" makes another webhook of the same delivery. */
function deliveryOf({ uuid, metadata }: Message): string {
  return metadata.get("delivery") ?? metadata.get("x-github-delivery") ?? uuid;
}
