import type { Rec } from "../message/rec.ts";
import type { SendFailure, SendItem } from "./port.ts";

/** What became of an item that was sent: `undefined` if the broker has confirmed it. */
export type SendResult = undefined | SendFailure;

/**
 * The results of a send of which nothing has left: the topic is not there, or no server.
 *
 * @example Nothing was sent
 * ```ts
 * import { rejectAll, type SendItem } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const items = [{ topic: "orders" }] as SendItem[];
 * assertEquals(rejectAll(items, "no server"), [{ cause: "no server", outcome: "rejected" }]);
 * ```
 */
export function rejectAll(items: readonly SendItem[], cause: unknown): SendResult[] {
  return items.map(() => ({ cause, outcome: "rejected" }));
}

/**
 * Sends items one after the other. What `send` throws refuses its item, and what comes after that of
 * the same key is not attempted, as it would overtake it.
 *
 * @example What is refused holds up its key, and nothing else
 * ```ts
 * import { sendEach, type SendItem } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const items = ["a", "b", "a"].map((key) => ({ topic: "orders", rec: { key } })) as SendItem[];
 * const results = sendEach(items, (_item, at) => {
 *   if (at === 0) throw new RangeError("too large");
 * });
 * assertEquals(results.map((result) => result?.outcome), ["rejected", undefined, "not-attempted"]);
 * ```
 */
export function sendEach(
  items: readonly SendItem[],
  send: (item: SendItem, at: number) => void,
): SendResult[] {
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

/**
 * Refuses a payload that the broker would not take.
 *
 * @throws {RangeError} If it has more bytes than `most`.
 *
 * @example A payload of three bytes
 * ```ts
 * import type { Rec } from "@beat/beat/message";
 * import { checkPayload } from "@beat/beat/transport";
 * import { assertThrows } from "@std/assert";
 *
 * const rec = { payload: new Uint8Array(3) } as Rec;
 * assertThrows(() => checkPayload(rec, 2), RangeError, "at most 2 bytes: it has 3");
 * ```
 */
export function checkPayload({ payload: { length } }: Rec, most: number): void {
  if (length <= most) return;
  throw new RangeError(
    `Cannot publish as the payload must have at most ${most} bytes: it has ${length}`,
  );
}
