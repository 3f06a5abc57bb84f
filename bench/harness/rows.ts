/**
 * From what the processes said to the rows of the results file.
 *
 * @module
 */
import { judge } from "./goals.ts";
import type { Job, Result } from "./schedule.ts";
import { median } from "./timer.ts";
import type { Measure, Row } from "./types.ts";
import { UNITS } from "./units.ts";

/** What node:events took on the machine that the goals were set on, in ns. */
const REFERENCE_NS = 6.5;

/** Is it the job whose figure is the speed of the machine? */
export function isReference({ question, subject, runtime, state }: Job): boolean {
  return question.id === "emit" && subject.name === "node:events" && runtime === "node24" &&
    state === "used";
}

/** How many times slower than the reference this machine was during the run: C. */
export function speedOf(results: Result[]): number | null {
  const reference = results.find(({ job }) => isReference(job));
  if (reference === undefined || reference.samples.length === 0) return null;
  return round(medianOf(reference) / REFERENCE_NS);
}

/** The rows of one run. */
export function toRows(results: Result[], c: number | null, date: string): Row[] {
  const complete = results.filter(({ samples, failure }) => samples.length > 0 && !failure);
  return complete.map((result) => toRow(result, complete, c, date));
}

function toRow(result: Result, all: Result[], c: number | null, date: string): Row {
  const { job, samples } = result;
  const { question, subject, runtime, state } = job;
  const group = all.filter(({ job: other }) =>
    other.case === job.case &&
    // What another program measures has no runtime and no state: it compares with all.
    (other.state === "any" || (other.runtime === runtime && other.state === state))
  );
  const value = medianOf(result);
  // Bytes are near zero or not: a ratio of two such figures says nothing.
  const timed = UNITS[question.measure].isTime || question.measure === "seconds";
  const peers = group.filter(({ job }) => job.subject.kind === "peer");
  const best = peers.toSorted((a, b) => medianOf(a) - medianOf(b))[0];
  const node = group.find(({ job }) => job.subject.name.startsWith("node:events"));
  const find = (name: string) => group.find(({ job }) => job.subject.name === name);
  const judged = {
    measure: question.measure,
    state,
    median: value,
    c,
    medianOf: (name: string) => {
      const found = find(name);
      return found && medianOf(found);
    },
  };
  const goal = judge(subject.goals, false, judged);
  const stretch = judge(subject.goals, true, judged);
  return {
    question: question.id,
    case: job.case.name,
    runtime,
    subject: subject.name,
    kind: subject.kind,
    state,
    ...inUnit(value, question.measure),
    ratio: best && timed ? ratio(medianOf(best), value) : null,
    best_peer: timed && best?.job.subject.name || null,
    ratio_node_events: node && timed ? ratio(medianOf(node), value) : null,
    min: round(Math.min(...samples.map(({ min }) => min))),
    median: round(value),
    processes: samples.length,
    ...sumLosses(result),
    ...medianBeside(result),
    ...(goal && { goal: goal.goal, goal_rule: goal.rule, verdict: goal.verdict }),
    ...(stretch && {
      stretch: stretch.goal,
      stretch_rule: stretch.rule,
      stretch_verdict: stretch.verdict,
    }),
    ...(subject.goHead !== undefined && { go_head_published_ns: round(subject.goHead) }),
    ...(subject.isolates !== undefined && { isolates: subject.isolates }),
    c,
    date,
  };
}

function sumLosses({ samples }: Result): Partial<Row> {
  if (samples.every(({ of }) => of === undefined)) return {};
  const sum = (key: "lost" | "of" | "drain_lost" | "drain_of") =>
    samples.reduce((total, sample) => total + (sample[key] ?? 0), 0);
  const losses = { lost: sum("lost"), of: sum("of") };
  if (samples.every(({ drain_of }) => drain_of === undefined)) return losses;
  return { ...losses, drain_lost: sum("drain_lost"), drain_of: sum("drain_of") };
}

function medianBeside({ samples }: Result): Partial<Row> {
  const names = new Set(samples.flatMap(({ beside }) => Object.keys(beside ?? {})));
  if (names.size === 0) return {};
  const figures = Array.from(names, (name) => {
    const known = samples.flatMap(({ beside }) => beside?.[name] ?? []);
    return [name, round(median(known.toSorted((a, b) => a - b)))] as const;
  });
  return { beside: Object.fromEntries(figures) };
}

function medianOf({ samples }: Result): number {
  return median(samples.map((sample) => sample.median).toSorted((a, b) => a - b));
}

function inUnit(value: number, measure: Measure): Partial<Row> {
  switch (measure) {
    case "ns":
    case "p99":
      return { ns_per_op: round(value) };
    case "rate":
    case "thousands":
      return { ops_per_s: Math.round(1e9 / value) };
    case "ms":
      return { ms_per_op: round(value / 1e6) };
    case "bytes":
    case "live":
    case "memory":
      return { bytes_per_op: round(value) };
    case "seconds":
      return { seconds: round(value) };
  }
}

/** How many times as fast. */
function ratio(other: number, value: number): number {
  return round(other / value);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
