/**
 * The report as text: what was to be reached and whether it was, then how it compares, then ns.
 *
 * @module
 */
import { formatNumber } from "./goals.ts";
import { RUNTIMES } from "./runtimes.ts";
import { isMeasurable } from "./schedule.ts";
import type { Results } from "./store.ts";
import type { Question, Row } from "./types.ts";
import { UNITS } from "./units.ts";

/** The whole report. */
export function renderReport(results: Results, questions: readonly Question[]): string {
  const { machine, runs } = results;
  const head = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, ${machine.os}`,
    ...runs.map(({ date, c, seconds, processes, versions }) =>
      `run of ${date}: C = ${c ?? "unknown (no Node 24)"}, ${processes} processes a subject, ` +
      `${seconds} s each, ${Object.entries(versions).map((entry) => entry.join(" ")).join(", ")}`
    ),
    "",
    ...LEGEND,
  ];
  const sections = questions
    .map((question) => renderQuestion(question, results.rows.filter(isOf(question))))
    .filter((section) => section !== "");
  return `${head.join("\n")}\n\n${sections.join("\n")}`;
}

const LEGEND = [
  "C         time of node:events (one listener, used, Node 24) of the same run ÷ 6.5 ns; goals in ns are multiplied by it",
  "used      the process ran the same code with ten other handlers and five shapes of events before; fresh: it did not",
  "x peer    how many times as fast as the best peer of the same table, runtime and state; x node: as node:events",
  "x Go      as the Go original v1.1.2, measured in the same run in its own process (its async engines use other threads)",
  "x HEAD*   as the published figure of the Go original's HEAD x C: published, other machine, not measured here",
  "†         one failing handler leaves the other handlers alone",
  "median    over the processes' median samples; best: the best sample of all processes",
  "On Bun the goals are reported, not demanded.",
];

/** One question: a table for each case and runtime. */
export function renderQuestion(question: Question, rows: Row[]): string {
  if (rows.length === 0) return "";
  const lines = [`## ${question.title} [${question.id}]`, ""];
  for (const { name } of question.cases) {
    const ofCase = rows.filter((row) => row.case === name);
    const go = ofCase.filter((row) => row.kind === "go");
    const measured = [...RUNTIMES, "go"].filter((runtime) =>
      ofCase.some((row) => row.runtime === runtime)
    );
    for (const runtime of measured) {
      const table = ofCase.filter((row) => row.runtime === runtime);
      const speeds = [...new Set(table.map(({ c, date }) => `C = ${c ?? "?"}, ${date}`))];
      lines.push(`${name} · ${runtime} · ${speeds.join(" / ")}`);
      lines.push(...renderTable(question, table, go), "");
    }
    const missing = missingIn(question, name, ofCase);
    if (missing.length > 0) lines.push(`${name}: not measured are ${missing.join(", ")}`, "");
    const rules = rulesOf(ofCase);
    if (rules.length > 0) lines.push(...rules, "");
  }
  lines.push(...(question.notes ?? []), "");
  return lines.join("\n");
}

/** What was to be measured and has no figure, on any machine that has the runtime. */
function missingIn(question: Question, inCase: string, rows: Row[]): string[] {
  const subjects = question.cases.find(({ name }) => name === inCase)!.subjects;
  const asked = subjects.filter((subject) => !("sample" in subject));
  // What only other programs measure has a row of no runtime.
  if (asked.length === 0) return [];
  return RUNTIMES.filter((name) => isMeasurable(question, { name })).flatMap((runtime) => {
    const measured = rows.filter((row) => row.runtime === runtime);
    const missing = asked.filter(({ name }) => !measured.some(({ subject }) => subject === name));
    if (missing.length === asked.length) return [`all on ${runtime}`];
    return missing.map(({ name }) => `${name} on ${runtime}`);
  });
}

type Cell = (row: Row) => string;

function renderTable(question: Question, rows: Row[], go: Row[]): string[] {
  const unit = UNITS[question.measure].short;
  const beside = new Set(rows.flatMap((row) => Object.keys(row.beside ?? {})));
  const columns: [string, Cell][] = [
    ["state", ({ state }) => state],
    ["subject", ({ subject, isolates }) => isolates ? `${subject} †` : subject],
    ["goal", (row) => verdict(row, row.goal, row.verdict)],
    ["stretch", (row) => verdict(row, row.stretch, row.stretch_verdict)],
    ["x peer", ({ ratio }) => times(ratio)],
    ["x node", ({ ratio_node_events }) => times(ratio_node_events)],
    ["x Go", (row) => times(row.kind === "ours" ? againstGo(row, go) : null)],
    ["x HEAD*", (row) => times(againstHead(row))],
    [`median ${unit}`, (row) => inUnit(row.median, question)],
    [`best ${unit}`, (row) => inUnit(row.min, question)],
    ...Array.from(beside, (name) => [name, (row: Row) => besides(row, name)] as [string, Cell]),
    ["lost", ({ lost, of }) => share(lost, of)],
    ["lost by Drain", ({ drain_lost, drain_of }) => share(drain_lost, drain_of)],
  ];
  const used = columns.filter(([, cell]) => rows.some((row) => cell(row) !== ""));
  const grid = [
    used.map(([name]) => name),
    ...sorted(rows).map((row) => used.map(([, cell]) => cell(row))),
  ];
  const widths = used.map((_, i) => Math.max(...grid.map((cells) => cells[i]!.length)));
  return grid.map((cells) =>
    `  ${cells.map((cell, i) => pad(cell, widths[i]!)).join("  ")}`.trimEnd()
  );
}

/** Figures stand at the right, words at the left. */
function pad(cell: string, width: number): string {
  return /^[\d x]|^(median|best)/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}

/** Ours first, then the bounds, then the peers, quickest first. */
function sorted(rows: Row[]): Row[] {
  const rank = { ours: 0, bound: 1, peer: 2, go: 3 };
  const states = { used: 0, fresh: 1, any: 2 };
  return rows.toSorted((a, b) =>
    states[a.state] - states[b.state] || rank[a.kind] - rank[b.kind] ||
    (a.kind === "peer" ? a.median - b.median : 0)
  );
}

function verdict({ runtime }: Row, limit: string | undefined, word: string | undefined): string {
  if (limit === undefined) return "";
  return runtime === "bun" ? `(${limit} ${word})` : `${limit} ${word}`;
}

/** Where the limits of a case come from: each rule once, with the subjects that have it. */
function rulesOf(rows: Row[]): string[] {
  const subjects = new Map<string, Set<string>>();
  for (const { subject, state, goal_rule, stretch_rule } of rows) {
    for (const [sort, rule] of [["goal", goal_rule], ["stretch", stretch_rule]]) {
      if (rule === undefined) continue;
      const key = `${sort}${state === "any" ? "" : `, ${state}`}: ${rule}`;
      subjects.set(key, (subjects.get(key) ?? new Set()).add(subject));
    }
  }
  return [...subjects].map(([rule, names]) => `  ${rule} (${[...names].join(", ")})`);
}

function times(ratio: number | null): string {
  return ratio === null ? "" : `${formatNumber(ratio)} x`;
}

function againstGo({ median }: Row, go: Row[]): number | null {
  return go.length === 0 ? null : Math.min(...go.map((row) => row.median)) / median;
}

function againstHead({ go_head_published_ns, c, median }: Row): number | null {
  return go_head_published_ns === undefined || c === null
    ? null
    : go_head_published_ns * c / median;
}

function besides({ beside }: Row, name: string): string {
  const value = beside?.[name];
  return value === undefined ? "" : formatNumber(value);
}

function share(lost: number | undefined, of: number | undefined): string {
  return of === undefined ? "" : `${lost} of ${of}`;
}

function inUnit(value: number, { measure }: Question): string {
  return formatNumber(UNITS[measure].show(value));
}

function isOf({ id }: Question): (row: Row) => boolean {
  return ({ question }) => question === id;
}
