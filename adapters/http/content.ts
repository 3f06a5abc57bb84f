/**
 * How a message stands in a request: `"plain"` with `Beat-…` headers, `"headers"` with those of the record
 * as they are, for codecs such as `watermill({ binding: "http" })`, or as a CloudEvent.
 */
export type WebhookMode =
  | "plain"
  | "headers"
  | "cloudevents-binary"
  | "cloudevents-structured"
  | "cloudevents-batch";

/** The part of a request that holds messages. */
export interface Content {
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}
