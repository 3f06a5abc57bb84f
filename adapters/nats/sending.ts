import type { SendFailure, SendItem } from "@beat/beat/transport";

/** What became of an item. */
export type Result = undefined | SendFailure;

/** Nothing was sent. */
export function rejectAll(items: readonly SendItem[], cause: unknown): Result[] {
  return items.map(() => ({ cause, outcome: "rejected" }));
}

/** Sends items one after the other, but none of a key of which one could not be sent. */
export function sendEach(
  items: readonly SendItem[],
  send: (item: SendItem, at: number) => void,
): Result[] {
  const refused = new Map<string, unknown>();
  return items.map((item, at) => {
    const { key } = item.rec;
    if (refused.has(key)) return { cause: refused.get(key), outcome: "not-attempted" };
    try {
      send(item, at);
      return undefined;
    } catch (cause) {
      if (key !== "") refused.set(key, cause);
      return { cause, outcome: "rejected" };
    }
  });
}
