const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

const UUID_BYTES = 16;
const BUFFERED_UUIDS = 256;

let random: Uint8Array | undefined;
let position = 0;

/**
 * A random UUID of version 4 (RFC 9562) from the platform's secure random numbers, which are asked
 * for 256 UUIDs at a time.
 *
 * @example A UUID
 * ```ts
 * import { newUuid } from "@beat/beat/message";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(newUuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
 * ```
 */
export function newUuid(): string {
  // Not filled when the module is loaded: workerd forbids random numbers there.
  random ??= new Uint8Array(UUID_BYTES * BUFFERED_UUIDS);
  if (position === 0) crypto.getRandomValues(random);
  const uuid = format(random, position);
  random.fill(0, position, position + UUID_BYTES);
  position = (position + UUID_BYTES) % random.length;
  return uuid;
}

const quick = new Uint8Array(UUID_BYTES);

/**
 * A UUID of version 4 from `Math.random()`: for correlation ids and the like, never for secrets.
 *
 * @example A correlation id
 * ```ts
 * import { fastUuid } from "@beat/beat/message";
 * import { assertNotEquals } from "@std/assert";
 *
 * assertNotEquals(fastUuid(), fastUuid());
 * ```
 */
export function fastUuid(): string {
  for (let at = 0; at < UUID_BYTES; at += 4) {
    const bits = Math.random() * 0x1_0000_0000;
    quick[at] = bits;
    quick[at + 1] = bits >>> 8;
    quick[at + 2] = bits >>> 16;
    quick[at + 3] = bits >>> 24;
  }
  return format(quick, 0);
}

function format(bytes: Uint8Array, at: number): string {
  const hex = (index: number) => HEX[bytes[at + index]!]!;
  return hex(0) + hex(1) + hex(2) + hex(3) + "-" + hex(4) + hex(5) +
    "-" + HEX[(bytes[at + 6]! & 0x0f) | 0x40]! + hex(7) +
    "-" + HEX[(bytes[at + 8]! & 0x3f) | 0x80]! + hex(9) +
    "-" + hex(10) + hex(11) + hex(12) + hex(13) + hex(14) + hex(15);
}
