/** How data becomes bytes for another thread, and data again. */
export interface ValueCodec {
  /** The bytes of a value; throws for one that it cannot carry. `undefined` never comes here. */
  encode(data: unknown): Uint8Array;
  /** The value of bytes that `encode` has made; they may be kept. */
  decode(bytes: Uint8Array): unknown;
}
