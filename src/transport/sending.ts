import type { Rec } from "../message/rec.ts";
import type { SendFailure, SendItem } from "./port.ts";

/** What became of an item that was sent: `undefined` if the broker has confirmed it. */
export type SendResult = undefined | SendFailure;

/** A way to a broker that is open for one send; `T` is what becomes of an item on its way. */
export interface Passage<T> {
  /** Makes an item what is sent. What it throws refuses the item. */
  write(item: SendItem): T;
  /** Sends what was written, at least one; resolves with what became of each. */
  send(written: readonly T[]): Promise<readonly SendResult[]>;
}

/**
 * Sends items by a way that is opened first. If it cannot be opened, nothing has left: all items are
 * refused. An item that cannot be written is refused, and what comes after it of the same key is not
 * attempted, as it would overtake it; everything else is sent.
 *
 * @throws {Error} If there are not as many answers as records: nobody knows which are missing.
 *
 * @example What is refused holds up its key, and nothing else
 * ```ts
 * import { type Passage, sendBy, type SendItem } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const texts = ["too large", "small", "small"];
 * const items = ["a", "b", "a"].map((key, at) => ({ topic: texts[at], rec: { key } })) as SendItem[];
 * const passage: Passage<string> = {
 *   write({ topic }) {
 *     if (topic.length > 5) throw new RangeError("too large");
 *     return topic;
 *   },
 *   send: (written) => Promise.resolve(written.map(() => undefined)),
 * };
 * const results = await sendBy(items, () => Promise.resolve(passage));
 * assertEquals(results.map((result) => result?.outcome), ["rejected", undefined, "not-attempted"]);
 * ```
 */
export async function sendBy<T>(
  items: readonly SendItem[],
  open: () => Promise<Passage<T>>,
): Promise<readonly SendResult[]> {
  let passage: Passage<T>;
  try {
    passage = await open();
  } catch (cause) {
    return items.map(() => ({ cause, outcome: "rejected" }));
  }
  const { results, written, places } = writeEach(items, passage);
  if (written.length === 0) return results;
  const sent = await passage.send(written);
  if (sent.length !== written.length) {
    throw new Error(`The broker has answered ${sent.length} of ${written.length} records`);
  }
  for (const [index, place] of places.entries()) results[place] = sent[index];
  return results;
}

function writeEach<T>(
  items: readonly SendItem[],
  passage: Passage<T>,
): { results: SendResult[]; written: T[]; places: number[] } {
  const refused = new Map<string, unknown>();
  const written: T[] = [];
  const places: number[] = [];
  const results = items.map((item, place): SendResult => {
    const { key } = item.rec;
    if (refused.has(key)) return { cause: refused.get(key), outcome: "not-attempted" };
    try {
      written.push(passage.write(item));
      places.push(place);
      return undefined;
    } catch (cause) {
      if (key !== "") refused.set(key, cause);
      return { cause, outcome: "rejected" };
    }
  });
  return { results, written, places };
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
