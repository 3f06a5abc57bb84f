import type { Traits } from "./port.ts";

/**
 * What differs for a reader without group, for `Source.traits`: it joins nothing and leaves
 * nothing behind, so that nobody but the process knows how far it is.
 *
 * @example A reader settles by position
 * ```ts
 * import { READER } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(READER.settle, "prefix");
 * ```
 */
export const READER: Partial<Traits> = {
  settle: "prefix",
  requeue: "engine",
  lease: 0,
  counts: false,
};
