import type { Traits } from "../transport/port.ts";
import type { Terms } from "./options.ts";

/** Why a test cannot be run; `undefined` if it can. */
export type Need = (terms: Terms) => string | undefined;

/** Several needs: the first that is not met is the reason. */
export function all(...needs: readonly Need[]): Need {
  return (terms) => {
    for (const need of needs) {
      const reason = need(terms);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

/** Several members must be able to share a topic. */
export const groups: Need = ({ traits }) =>
  traits.groups ? undefined : "the transport has no consumer groups";

/** What was published before must be there for who comes later. */
export const retained: Need = ({ traits }) =>
  traits.retained ? undefined : "the transport keeps nothing for who comes later";

/** Whether what a consumer leaves unsettled comes to another one. */
export function takesOver({ groups, settle }: Traits): boolean {
  return groups && settle !== "none";
}

/** What a consumer leaves unsettled must come to another one. */
export const takeover: Need = all(
  groups,
  ({ traits }) =>
    takesOver(traits)
      ? undefined
      : "the broker is told of no decision, so what a consumer leaves is gone",
);

/** What a consumer leaves unsettled must come to another one by the end of a lease. */
export const leases: Need = all(
  takeover,
  ({ traits }) =>
    traits.lease > 0 ? undefined : "what a consumer has stays with it until it is disconnected",
);

/** What one member has no room for must be free for another, and not wait for it in its lane. */
export const spread: Need = all(
  takeover,
  ({ traits }) =>
    traits.settle === "each" && traits.keyOrder !== "group"
      ? undefined
      : "a member may own the messages that it has no room for",
);

/** The order of a key must be kept by somebody. */
export const keyOrder: Need = ({ traits }) =>
  traits.keyOrder === "none" ? "the transport keeps no order" : undefined;

/** The order of a key must be kept among the members of a group. */
export const sharedOrder: Need = all(
  groups,
  ({ traits }) =>
    traits.keyOrder === "group"
      ? undefined
      : "the transport keeps the order of a key within a member, not in a group",
);

/** The broker must have a largest payload. */
export const limit: Need = ({ maxPayload }) =>
  maxPayload === Infinity
    ? "no 'maxPayload' was given, so no message is too large for the broker"
    : undefined;

/** There must be a broker that can be restarted. */
export const restart: Need = ({ restartBroker }) =>
  restartBroker === undefined ? "the broker lives in this process and ends with it" : undefined;

/** There must be a network that can be frozen. */
export const freeze: Need = ({ freezeNetwork }) =>
  freezeNetwork === undefined ? "no 'freezeNetwork' was given" : undefined;
