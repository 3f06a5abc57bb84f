import type { AbortScope } from "./abort_scope.ts";

/** Where a received message comes from. */
export interface Origin {
  /** The kind of transport: `"memory"`, `"kafka"`, `"nats"`, … */
  readonly transport: string;
  /** The topic that was subscribed. */
  readonly topic: string;
  /** The consumer group; a reader has none. */
  readonly group?: string;
  /** The partition or other lane; `""` where the topic has one only. */
  readonly partition: string;
  /** The broker's own name for the record: offset, sequence or id. */
  readonly offset: string;
}

/** How a message was settled. */
export type Settlement =
  | { readonly kind: "acked" }
  | { readonly kind: "nacked"; readonly delay?: number; readonly reason?: unknown }
  | { readonly kind: "lost"; readonly cause: unknown };

/** What an engine knows of a delivery, and how it hears of the decision. */
export interface Reception {
  /** Calls of the handler with this message, this one included. */
  readonly attempt: number;
  /** Built when it is asked for. */
  readonly origin: Origin;
  /** Built when it is asked for: what aborts the work of this attempt. */
  readonly scope: AbortScope;
  /** Takes the decision, or refuses it because the delivery is no longer ours. */
  settle(settlement: Settlement): boolean;
}
