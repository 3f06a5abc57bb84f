import definitions from "@octokit/webhooks-examples" with { type: "json" };
import type { EventInput } from "@beat/beat";
import type { WebhookEventMap, WebhookEventName } from "@octokit/webhooks-types";

/** One kind of payload with its topic: `github.issues.opened`, or `github.push` without an action. */
type Webhook<Name extends string, Payload> = Payload extends { action: infer Action extends string }
  ? { topic: `github.${Name}.${Action}`; payload: Payload }
  : { topic: `github.${Name}`; payload: Payload };

type AnyWebhook = {
  [Name in WebhookEventName]: Webhook<Name, WebhookEventMap[Name]>;
}[WebhookEventName];

/** The event map of the bus: every topic of GitHub with the payload that belongs to it. */
export type GitHubEvents = { [W in AnyWebhook as W["topic"]]: W["payload"] };

/** One recorded delivery. */
export interface Delivery {
  /** What GitHub calls the event, for example `issues`. */
  name: string;
  /** What happened, for example `opened`; some events have none. */
  action: string | undefined;
  /** What goes through the bus. It is used again in every round, as the bus copies nothing. */
  event: EventInput<GitHubEvents>;
}

/** What the package holds, as far as it is used here. */
interface Definition {
  name: string;
  examples: { action?: string }[];
}

/** All recorded deliveries, in the order of the package. */
export function loadDeliveries(): Delivery[] {
  return (definitions as Definition[]).flatMap(({ name, examples }) =>
    examples.map((payload) => toDelivery(name, payload))
  );
}

function toDelivery(name: string, payload: { action?: string }): Delivery {
  const { action } = payload;
  const type = action === undefined ? `github.${name}` : `github.${name}.${action}`;
  // JSON has no types: here is the one place where the recorded payloads get theirs.
  return { name, action, event: { type, data: payload } as EventInput<GitHubEvents> };
}
