/**
 * Identifies a batch by the ids of all that is in it: another batch that begins alike must not be taken
 * for this one.
 */
export async function batchId(ids: readonly string[]): Promise<string> {
  return `batch_${await hashOf(ids)}`;
}

/** A text of 64 characters for texts of any number and length, which no others have. */
export async function hashOf(texts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
