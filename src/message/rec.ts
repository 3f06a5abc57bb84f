/**
 * What a message is on every broker; a {@linkcode Codec} turns it into a message and back.
 *
 * A codec may put what it likes into the payload, but `id`, `key` and `time` are what the broker
 * identifies, orders and dates the record by.
 */
export interface Rec {
  /** Identifies the message; never empty. */
  readonly id: string;
  /** Orders and shards; `""` is none. */
  readonly key: string;
  /** Names may repeat; of a repeated one the last value counts. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The bytes, kept as they are. */
  readonly payload: Uint8Array;
  /** When the message was made, in milliseconds since 1970. */
  readonly time: number;
}
