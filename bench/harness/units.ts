/**
 * How the figures of each measure are shown. All of them are "smaller is better" inside.
 *
 * @module
 */
import type { Measure } from "./types.ts";

/** How a measure is shown. */
export interface Unit {
  /** What stands at the head of a column. */
  readonly short: string;
  /** The title of an axis. */
  readonly axis: string;
  /** The figure that is shown for the one that is kept, and the other way round. */
  readonly show: (value: number) => number;
  /** Whether the figure shown is a rate: the larger, the better. */
  readonly isRate?: boolean;
  /** Whether it is time, and longer on a slower machine. */
  readonly isTime?: boolean;
  /** Whether its figures differ by orders of magnitude. */
  readonly isWide?: boolean;
  /** What a limit is called that is kept as it is shown. */
  readonly name?: string;
}

const same = (value: number) => value;

/** By measure. */
export const UNITS: Readonly<Record<Measure, Unit>> = {
  ns: {
    short: "ns",
    axis: "ns (log): shorter is faster",
    show: same,
    isTime: true,
    isWide: true,
  },
  rate: {
    short: "M/s",
    axis: "M events handled/s (log): longer is faster",
    show: (ns) => 1e3 / ns,
    isRate: true,
    isTime: true,
    isWide: true,
  },
  thousands: {
    short: "k/s",
    axis: "thousand messages/s (log): longer is faster",
    show: (ns) => 1e6 / ns,
    isRate: true,
    isTime: true,
    isWide: true,
  },
  ms: { short: "ms", axis: "ms: shorter is faster", show: (ns) => ns / 1e6, isTime: true },
  p99: {
    short: "p99 ms",
    axis: "ms (log): of a hundred messages one takes longer",
    show: (ns) => ns / 1e6,
    isTime: true,
    isWide: true,
  },
  bytes: { short: "B", axis: "bytes per emit", show: same, name: "bytes" },
  live: { short: "B", axis: "bytes kept per message", show: same, name: "bytes" },
  memory: { short: "MiB", axis: "MiB", show: (bytes) => bytes / 2 ** 20 },
  seconds: { short: "s", axis: "seconds", show: same, name: "seconds" },
};
