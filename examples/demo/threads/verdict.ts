import type { BusStats } from "@beat/beat";
import type { Parcel } from "./parcels.ts";
import type { Indexed } from "./payload.ts";

/** What a run through threads has to show. */
export interface ThreadFacts {
  readonly parcels: readonly Parcel[];
  readonly threads: number;
  /** What came back, by delivery: once each, if all is well. */
  readonly indexed: ReadonlyMap<string, readonly Indexed[]>;
  /** Deliveries that were named as in doubt. */
  readonly named: readonly string[];
  /** Errors that nobody has asked for. */
  readonly faults: readonly unknown[];
  /** How often each thread was started. */
  readonly starts: readonly number[];
  /** Milliseconds from the news of the death until the next thread served. */
  readonly restart: number;
  readonly stats: BusStats;
  /** Milliseconds from the first delivery until everything had settled. */
  readonly time: number;
}

/** Compares what came back with what the payloads alone say. */
export function checkThreads(facts: ThreadFacts): { checks: number; faults: string[] } {
  const { parcels, threads, indexed, named, stats } = facts;
  const deadly = parcels.filter(({ kills }) => kills).map(({ id }) => id);
  const { once, repeated, lost } = fates(facts);
  const handled = parcels.filter(({ id }) => indexed.has(id));
  const checks: [name: string, actual: unknown, expected: unknown][] = [
    ["handled once", once, parcels.length - deadly.length],
    ["handled more than once", repeated, 0],
    ["neither handled nor named", lost, 0],
    ["named as in doubt", named.join(), deadly.join()],
    ["other errors", facts.faults.join(), ""],
    ["digests that differ", handled.filter((parcel) => !agrees(parcel, indexed)).length, 0],
    [
      "words",
      wordsIn(indexed),
      parcels.reduce((sum, { words, kills }) => sum + (kills ? 0 : words), 0),
    ],
    [
      "threads started",
      facts.starts.reduce((sum, count) => sum + count, 0),
      threads + deadly.length,
    ],
    ["stats().inDoubt", stats.inDoubt, deadly.length],
    ["stats().dropped", stats.dropped, deadly.length],
    ["stats().processed", stats.processed, stats.emitted - deadly.length],
  ];
  const faults = checks.filter(([, actual, expected]) => actual !== expected)
    .map(([name, actual, expected]) => `${name}: ${actual} instead of ${expected}`);
  return { checks: checks.length, faults };
}

/** How many deliveries were handled once, more than once, or lost without a word. */
export function fates({ parcels, indexed, named }: ThreadFacts) {
  const times = parcels.map(({ id }) => indexed.get(id)?.length ?? 0);
  return {
    once: times.filter((count) => count === 1).length,
    repeated: times.filter((count) => count > 1).length,
    lost: parcels.filter(({ id }) => !indexed.has(id) && !named.includes(id)).length,
  };
}

function agrees({ id, digest }: Parcel, indexed: ThreadFacts["indexed"]): boolean {
  return indexed.get(id)!.every((result) => result.digest === digest);
}

function wordsIn(indexed: ThreadFacts["indexed"]): number {
  return [...indexed.values()].flat().reduce((sum, { words }) => sum + words.length, 0);
}
