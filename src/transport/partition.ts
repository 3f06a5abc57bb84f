const UTF8 = new TextEncoder();

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The partition of a key: FNV-1a (Fowler, Noll, Vo; 32 bits) of its UTF-8 bytes, modulo the number of
 * partitions. Whoever splits a topic by key does it by this function, so that all agree.
 *
 * @example A key stays in its partition
 * ```ts
 * import { partitionOf } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(partitionOf("order-7", 16), partitionOf("order-7", 16));
 * ```
 */
export function partitionOf(key: string, partitions: number): number {
  return fnv1a(key) % partitions;
}

/** The hash itself, as an unsigned integer of 32 bits. */
export function fnv1a(text: string): number {
  let hash = OFFSET_BASIS;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Most keys are ASCII, whose UTF-8 bytes are its code units: nothing to encode.
    if (unit > 0x7f) return fnv1aOfBytes(UTF8.encode(text));
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return hash >>> 0;
}

function fnv1aOfBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}
