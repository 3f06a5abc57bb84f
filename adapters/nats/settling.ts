import type { Delivery } from "@beat/beat/transport";
import type { Connection, Opened } from "./connection.ts";
import { heldOf } from "./held.ts";

/** By what a consumer is told. */
export interface Line {
  readonly connection: Connection;
  readonly nc: Opened["nc"];
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
  /** Milliseconds that the server waits for an ack. */
  readonly lease: number;
}

/** It is done with. */
export const ACK = "+ACK";
const WORKING = "+WPI";

/** It is to be delivered again, by the clock of the server. */
export function nak(delay: number): string {
  return `-NAK {"delay":${Math.ceil(delay * 1e6)}}`;
}

/**
 * Tells consumers what has become of deliveries. One that answers for the last has heard of all before,
 * as it hears everything in order.
 */
export async function tell(
  { connection, nc, timeout }: Line,
  all: readonly (readonly [Delivery, words: string])[],
): Promise<void> {
  connection.checkConnected();
  const last = new Map(all.map((one) => [one[0].lane, one]));
  const answers: Promise<unknown>[] = [];
  for (const one of all) {
    const [delivery, words] = one;
    const { reply } = heldOf(delivery);
    if (last.get(delivery.lane) !== one) nc.publish(reply, words);
    else answers.push(nc.request(reply, words, { timeout }));
  }
  await connection.untilLost(Promise.all(answers));
}

/** Prolongs leases; returns the deliveries whose lease has ended. */
export function prolong({ nc, lease }: Line, deliveries: readonly Delivery[]): Delivery[] {
  const now = performance.now();
  return deliveries.filter((delivery) => {
    const held = heldOf(delivery);
    // By now it may be somebody else's, and the server does not tell.
    if (held.until <= now) return true;
    nc.publish(held.reply, WORKING);
    held.until = now + lease;
    return false;
  });
}
