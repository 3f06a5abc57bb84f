import type { Rec } from "@beat/beat/message";

/** Bytes of a message that are left for headers, which count for the server. */
const HEADROOM = 4_096;

/** @throws {RangeError} If the server would close the connection over it. */
export function checkSize(info: { readonly max_payload: number } | undefined, rec: Rec): void {
  const most = (info?.max_payload ?? Infinity) - HEADROOM;
  const { length } = rec.payload;
  if (length <= most) return;
  throw new RangeError(
    `Cannot publish as the payload must have at most ${most} bytes: it has ${length}`,
  );
}
