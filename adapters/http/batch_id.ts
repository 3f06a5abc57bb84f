import { findNodeCrypto } from "./node_crypto.ts";

/**
 * Identifies a batch by the ids of all that is in it: another batch that begins alike must not be taken
 * for this one.
 */
export async function batchId(ids: readonly string[]): Promise<string> {
  return `batch_${await hashOf(ids)}`;
}

/**
 * A text of 64 characters for texts of any number and length, which no others have. By `node:crypto`
 * where there is one: it is asked for at every request, and Web Crypto hops to another thread and back.
 */
export function hashOf(texts: readonly string[]): string | Promise<string> {
  const text = JSON.stringify(texts);
  return findNodeCrypto()?.createHash("sha256").update(text).digest("hex") ?? hashByWeb(text);
}

/** The same by Web Crypto, which every platform has. */
export async function hashByWeb(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
