/**
 * What a goal comes to on this machine, and whether it is met.
 *
 * @module
 */
import type { Goal, Measure, RowState } from "./types.ts";

/** What a row says about its goals of one sort. */
export interface Judgement {
  /** The limit in the question's unit, on this machine. */
  goal: string;
  /** Where the limit comes from. */
  rule: string;
  verdict: string;
}

/** What a judgement depends on beside the goals. */
export interface Judged {
  measure: Measure;
  state: RowState;
  median: number;
  /** Speed of the machine; nothing in ns is judged without it. */
  c: number | null;
  /** The median of another subject of the same case, runtime and state. */
  medianOf(subject: string): number | undefined;
}

/** Judges the goals or the stretch goals of a row; `undefined` if there are none for its state. */
export function judge(
  goals: Goal[] | undefined,
  stretch: boolean,
  row: Judged,
): Judgement | undefined {
  const mine = (goals ?? []).filter((goal) =>
    (goal.stretch ?? false) === stretch &&
    (row.state === "any" || (goal.state ?? "used") === row.state)
  );
  if (mine.length === 0) return undefined;
  const rule = mine.map((one) => describe(one, row.measure)).join(" and ");
  const known = mine.map((one) => limitOf(one, row)).filter((limit) => limit !== undefined);
  if (known.length === 0) return { goal: "?", rule, verdict: "not judged" };
  // All goals of a row are upper limits: the lowest is the one to keep.
  const limit = Math.min(...known);
  const goal = `${row.measure === "rate" ? "≥" : "≤"} ${formatNumber(shownIn(limit, row.measure))}`;
  const over = row.median / limit - 1;
  return { goal, rule, verdict: over <= 0 ? "met" : `missed by ${missedBy(over, row.measure)} %` };
}

function missedBy(over: number, measure: Measure): string {
  // A rate that is too low by x % is not a time that is too long by x %.
  const share = measure === "rate" ? 1 - 1 / (1 + over) : over;
  return (share * 100).toFixed(share < 0.1 ? 1 : 0);
}

function limitOf(goal: Goal, row: Judged): number | undefined {
  const isTimed = row.measure === "ns" || row.measure === "rate" || row.measure === "ms";
  const scale = isTimed ? row.c ?? undefined : 1;
  const base = goal.of === undefined ? 0 : row.medianOf(goal.of);
  if (base === undefined) return undefined;
  if (goal.relation === "times") return base * goal.limit;
  return scale === undefined ? undefined : base + goal.limit * scale;
}

function describe({ limit, of, relation }: Goal, measure: Measure): string {
  if (relation === "times") return `${factor(limit)} × ${of}`;
  if (measure === "rate") return `${formatNumber(1_000 / limit)} M/s ÷ C`;
  const scaled = measure === "ns" || measure === "ms"
    ? `${Number(shownIn(limit, measure).toPrecision(3))} ${measure} × C`
    : `${limit} ${UNITS[measure]}`;
  return of === undefined ? scaled : `${of} + ${scaled}`;
}

const UNITS = { bytes: "bytes", live: "bytes", seconds: "seconds" } as const;

function factor(value: number): string {
  const inverse = Math.round(1 / value);
  return value < 1 && Math.abs(inverse * value - 1) < 0.001 ? `1/${inverse}` : String(value);
}

/** A figure as tables and charts show it: rates and milliseconds are ns inside. */
export function shownIn(value: number, measure: Measure): number {
  if (measure === "rate") return 1_000 / value;
  return measure === "ms" ? value / 1e6 : value;
}

/** Three significant digits, as far as a reader needs them. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  if (value < 0.01) return value.toPrecision(1);
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " ");
}
