/**
 * Identifies a batch by the ids of all that is in it: another batch that begins alike must not be taken
 * for this one.
 */
export async function batchId(ids: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(ids));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `batch_${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
