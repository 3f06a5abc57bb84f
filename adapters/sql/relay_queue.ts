import { EVERY_TOPIC, queueOf } from "./tables.ts";

/** The group of a relay, unless an option says otherwise. */
export const RELAY_GROUP = "relay";

/** The queue of a relay. No topic is named `*`: no other group has it. */
export function relayQueue(group: string): string {
  return queueOf(EVERY_TOPIC, group);
}
