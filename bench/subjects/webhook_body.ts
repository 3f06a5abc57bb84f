/**
 * What both sides of the webhook bench know.
 *
 * @module
 */

/** The secret. */
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** About a KiB of JSON. */
export const BODY: Uint8Array = new TextEncoder().encode(
  JSON.stringify({ order: "x".repeat(1_000) }),
);
