/** How a message stands in a request. */
export type WebhookMode =
  | "plain"
  | "cloudevents-binary"
  | "cloudevents-structured"
  | "cloudevents-batch";

/** The part of a request that holds messages. */
export interface Content {
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}
