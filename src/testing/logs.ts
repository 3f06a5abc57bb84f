import { BOOLEAN, checkOptions, type Rules } from "../options/options.ts";

/** A message that was published, and what its publisher was told. */
export interface Produced {
  /** Its uuid; of a message that was published again there are several entries. */
  readonly id: string;
  /** Its key. @default {"" (none)} */
  readonly key?: string;
  /** `"acked"`: confirmed. `"failed"`: surely not stored. `"unknown"`: nobody knows. */
  readonly outcome: "acked" | "failed" | "unknown";
}

/** A message that a consumer was given. */
export interface Consumed {
  /** Its uuid. */
  readonly id: string;
}

/** What {@linkcode compareLogs} takes. */
export interface LogOptions {
  /** Deliveries beyond the first of a message that may be there, in all. @default {0} */
  duplicates?: number;
  /** Whether the messages of a key must have come first in the order of their publishing. @default {false} */
  ordered?: boolean;
}

const RULES: Rules = {
  duplicates: ["at least 0", "number", (value: number) => value >= 0],
  ordered: BOOLEAN,
};

/**
 * Compares what was published with what was consumed, each in its order, and returns every fault as a
 * sentence: a confirmed message that never came, one that came although its publishing had failed, one
 * that nobody published, more duplicates than allowed, keys out of order.
 *
 * The method is that of Jepsen's reports on message queues.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A message that was confirmed and lost
 * ```ts
 * import { compareLogs } from "@beat/beat/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const faults = compareLogs(
 *   [{ id: "a", outcome: "acked" }, { id: "b", outcome: "acked" }, { id: "c", outcome: "unknown" }],
 *   [{ id: "a" }],
 * );
 * assertEquals(faults, ["'b' was confirmed and never came"]);
 * ```
 */
export function compareLogs(
  produced: readonly Produced[],
  consumed: readonly Consumed[],
  options: LogOptions = {},
): string[] {
  checkOptions("compare logs", options, RULES);
  const { duplicates = 0, ordered = false } = options;
  const sightings = new Map<string, number>();
  for (const { id } of consumed) sightings.set(id, (sightings.get(id) ?? 0) + 1);
  const outcomes = combine(produced);
  const faults: string[] = [];
  for (const [id, outcome] of outcomes) {
    const isSeen = sightings.has(id);
    if (outcome === "acked" && !isSeen) faults.push(`'${id}' was confirmed and never came`);
    if (outcome === "failed" && isSeen) faults.push(`'${id}' came although its publishing failed`);
  }
  for (const id of sightings.keys()) {
    if (!outcomes.has(id)) faults.push(`'${id}' came and nobody published it`);
  }
  const repeats = consumed.length - sightings.size;
  if (repeats > duplicates) {
    const repeated = [...sightings].filter(([, count]) => count > 1).map(([id]) => `'${id}'`);
    faults.push(
      `${repeats} deliveries are duplicates, ${duplicates} may be: of ${
        repeated.slice(0, 5).join(", ")
      }`,
    );
  }
  if (ordered) faults.push(...findDisorder(produced, [...sightings.keys()]));
  return faults;
}

const STRENGTH = { failed: 0, unknown: 1, acked: 2 };

/** What is known of each message; of one that was published again, whatever says most: that it is stored. */
function combine(produced: readonly Produced[]): Map<string, Produced["outcome"]> {
  const outcomes = new Map<string, Produced["outcome"]>();
  for (const { id, outcome } of produced) {
    const before = outcomes.get(id);
    if (before === undefined || STRENGTH[outcome] > STRENGTH[before]) outcomes.set(id, outcome);
  }
  return outcomes;
}

/** Where a message can stand among those of its key: it may have been published several times. */
interface Place {
  readonly key: string;
  /** The first time that it may have been stored. */
  first: number;
  /** The first time that it surely was, or the last at all. */
  last: number;
  isSure: boolean;
}

function findPlaces(produced: readonly Produced[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const [at, { id, key = "", outcome }] of produced.entries()) {
    const isSure = outcome === "acked";
    const place = places.get(id);
    if (place === undefined) {
      places.set(id, { key, first: outcome === "failed" ? Infinity : at, last: at, isSure });
      continue;
    }
    if (outcome !== "failed") place.first = Math.min(place.first, at);
    if (!place.isSure) Object.assign(place, { last: at, isSure });
  }
  for (const place of places.values()) place.first = Math.min(place.first, place.last);
  return places;
}

/** The keys whose messages did not come first in the order of their publishing. */
function findDisorder(produced: readonly Produced[], firsts: readonly string[]): string[] {
  const places = findPlaces(produced);
  const latest = new Map<string, { id: string; first: number }>();
  const faults: string[] = [];
  for (const id of firsts) {
    const place = places.get(id);
    if (place === undefined || place.key === "") continue;
    const { key, first, last } = place;
    const before = latest.get(key);
    if (before !== undefined && before.first > last) {
      faults.push(`'${id}' of key '${key}' came after '${before.id}', which was published later`);
    } else if (before === undefined || first > before.first) latest.set(key, { id, first });
  }
  return faults;
}
