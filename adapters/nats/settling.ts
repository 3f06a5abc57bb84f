import type { Delivery } from "@beat/beat/transport";
import type { Connection, Opened } from "./connection.ts";
import { heldOf } from "./held.ts";

/** By what a consumer is told. */
export interface Line {
  readonly connection: Connection;
  readonly opened: Opened;
  /** Milliseconds that the server waits for an ack. */
  readonly lease: number;
}

const BYTES = new TextEncoder();

/** It is done with: as bytes, as it is said for each message. */
export const ACK: Uint8Array = BYTES.encode("+ACK");
const WORKING = BYTES.encode("+WPI");

/** It is to be delivered again, by the clock of the server. */
export function nak(delay: number): string {
  // A delay of 0 would be one of some milliseconds, and new messages would come before it.
  return delay === 0 ? "-NAK" : `-NAK {"delay":${Math.ceil(delay * 1e6)}}`;
}

/**
 * Tells consumers what has become of deliveries; resolves when the server has it all. It does not wait
 * for what consumers answer: one that is busy storing would keep the next acks from their leases' end.
 */
export async function tell(
  { connection, opened: { nc } }: Line,
  all: readonly (readonly [Delivery, words: string | Uint8Array])[],
): Promise<void> {
  connection.checkConnected();
  for (const [delivery, words] of all) heldOf(delivery).message.respond(words);
  await connection.untilLost(nc.flush());
}

/** Prolongs leases; returns the deliveries whose lease has ended. */
export function prolong(
  { opened: { nc }, lease }: Line,
  deliveries: readonly Delivery[],
): Delivery[] {
  const now = performance.now();
  // By now they may be somebody else's, and the server does not tell.
  const { gone = [], ours = [] } = Object.groupBy(
    deliveries,
    (delivery) => heldOf(delivery).until <= now ? "gone" : "ours",
  );
  for (const delivery of ours) heldOf(delivery).message.respond(WORKING);
  // It counts when the server has heard of it, which may be never.
  nc.flush().then(() => {
    for (const delivery of ours) heldOf(delivery).until = now + lease;
  }).catch(() => {});
  return gone;
}
