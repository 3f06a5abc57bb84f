/**
 * What a goal comes to on this machine, and whether it is met.
 *
 * @module
 */
import type { Goal, Measure, RowState } from "./types.ts";
import { UNITS } from "./units.ts";

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
  const { isRate, show } = UNITS[row.measure];
  const goal = `${isRate ? "≥" : "≤"} ${formatNumber(show(limit))}`;
  const over = row.median / limit - 1;
  return { goal, rule, verdict: over <= 0 ? "met" : `missed by ${missedBy(over, row.measure)} %` };
}

function missedBy(over: number, measure: Measure): string {
  // A rate that is too low by x % is not a time that is too long by x %.
  const share = UNITS[measure].isRate ? 1 - 1 / (1 + over) : over;
  return (share * 100).toFixed(share < 0.1 ? 1 : 0);
}

function limitOf(goal: Goal, row: Judged): number | undefined {
  const scale = UNITS[row.measure].isTime ? row.c ?? undefined : 1;
  const base = goal.of === undefined ? 0 : row.medianOf(goal.of);
  if (base === undefined) return undefined;
  if (goal.relation === "times") return base * goal.limit;
  return scale === undefined ? undefined : base + goal.limit * scale;
}

function describe({ limit, of, relation }: Goal, measure: Measure): string {
  if (relation === "times") return `${factor(limit)} × ${of}`;
  const { short, name = short, isRate, isTime, show } = UNITS[measure];
  const shown = Number(show(limit).toPrecision(3));
  if (isRate) return `${formatNumber(shown)} ${short} ÷ C`;
  const scaled = `${shown} ${name}${isTime ? " × C" : ""}`;
  return of === undefined ? scaled : `${of} + ${scaled}`;
}

function factor(value: number): string {
  const inverse = Math.round(1 / value);
  if (value < 1 && Math.abs(inverse * value - 1) < 0.001) return `1/${inverse}`;
  return String(Number(value.toPrecision(3)));
}

/** Three significant digits, as far as a reader needs them. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  if (value < 0.01) return value.toPrecision(1);
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " ");
}
