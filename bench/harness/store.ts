/**
 * The results file. A run replaces the rows that it measured and leaves the others, each with the
 * date and the C of its own run.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import type { Question, Row } from "./types.ts";

/** One run of the program that still has rows in the file. */
export interface Run {
  date: string;
  c: number | null;
  seconds: number;
  processes: number;
  versions: Record<string, string>;
}

/** The whole file. */
export interface Results {
  machine: Machine;
  runs: Run[];
  rows: Row[];
}

const FOLDER = new URL("../results/", import.meta.url);

/** Where a file of the results stands. */
export function resultUrl(name: string): URL {
  return new URL(name, FOLDER);
}

/** `benchmarks_linux_2c2t`: physical cores and hardware threads. */
export function baseName({ os, cores, threads }: Machine): string {
  return `benchmarks_${os}_${cores}c${threads}t`;
}

/** Merges a run into what the file holds, and writes it. */
export async function store(
  machine: Machine,
  run: Run,
  rows: Row[],
  questions: readonly Question[],
): Promise<Results> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const url = resultUrl(`${baseName(machine)}.json`);
  const old: Results = await Deno.readTextFile(url).then(
    JSON.parse,
    () => ({ runs: [], rows: [] }),
  );
  const order = orderOf(questions);
  const replaced = new Set(rows.map(keyOf));
  const merged = [...old.rows.filter((row) => !replaced.has(keyOf(row))), ...rows]
    // What no question asks any more goes.
    .filter((row) => order.has(subjectKey(row)))
    .toSorted((a, b) => order.get(subjectKey(a))! - order.get(subjectKey(b))!);
  const dates = new Set(merged.map((row) => row.date));
  const runs = [...old.runs, run].filter(({ date }) => dates.has(date));
  const results = { machine, runs, rows: merged };
  await Deno.writeTextFile(url, `${JSON.stringify(results, undefined, 1)}\n`);
  return results;
}

function keyOf(row: Row): string {
  return `${subjectKey(row)}|${row.runtime}|${row.state}`;
}

function subjectKey(row: { question: string; case: string; subject: string }): string {
  return `${row.question}|${row.case}|${row.subject}`;
}

function orderOf(questions: readonly Question[]): Map<string, number> {
  const keys = questions.flatMap(({ id, cases }) =>
    cases.flatMap((one) =>
      one.subjects.map(({ name }) => subjectKey({ question: id, case: one.name, subject: name }))
    )
  );
  return new Map(keys.map((key, i) => [key, i]));
}
