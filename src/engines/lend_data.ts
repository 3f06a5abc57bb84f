import { isThenable } from "../options/thenable.ts";
import { Scratch } from "../ring/text.ts";
import type { Cursor } from "../core/subscription.ts";
import type { BusEvent } from "../core/event.ts";
import type { Registration } from "../core/registration.ts";
import type { ValueCodec } from "../core/value_codec.ts";

/**
 * Makes the handler of a `zeroCopy` subscription in the thread of the bus take events: it lends
 * their data, encoded as for other threads, in memory of its own.
 */
export function lendData(
  registration: Registration,
  { valueCodec }: { valueCodec?: ValueCodec | undefined },
): void {
  const { handler, pattern } = registration;
  registration.handler = (event) => {
    const bytes = encode(event, valueCodec);
    const buffer = new ArrayBuffer((bytes.length + 3) & ~3);
    const u8 = new Uint8Array(buffer);
    u8.set(bytes);
    const cursor: Cursor = { u8, i32: new Int32Array(buffer), offset: 0, length: bytes.length };
    refuseThenable((handler as unknown as (cursor: Cursor) => unknown)(cursor), pattern);
  };
}

/** @throws {TypeError} If a handler that was lent data wants to go on after its call. */
export function refuseThenable(result: unknown, pattern: string): void {
  if (result === undefined || !isThenable(result)) return;
  // Its rejection is covered by the refusal.
  result.then(undefined, () => {});
  throw new TypeError(
    `Cannot wait for the handler of '${pattern}' as 'zeroCopy' lends the data for its call only`,
  );
}

function encode({ data }: BusEvent, codec: ValueCodec | undefined): Uint8Array {
  if (data === undefined) return new Uint8Array();
  if (codec !== undefined) return codec.encode(data);
  if (data instanceof Uint8Array) return data;
  const scratch = new Scratch();
  const text = typeof data === "string" && data.isWellFormed() ? data : JSON.stringify(data);
  const length = scratch.putText(text);
  return scratch.bytes.subarray(0, length);
}
