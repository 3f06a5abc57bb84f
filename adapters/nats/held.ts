import type { Delivery } from "@beat/beat/transport";
import type { Place } from "./given_back.ts";

/** What a member of a group needs to settle a delivery. */
export interface Held extends Place {
  /** Where the consumer hears of it. */
  readonly reply: string;
  /** How many of its deliveries no handler has seen. */
  returns: number;
  /** When the lease ends, by `performance.now()`. */
  until: number;
}

/** What came with a delivery. */
export function heldOf({ token }: Delivery): Held {
  return token as Held;
}
