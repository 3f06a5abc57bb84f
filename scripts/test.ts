/**
 * Runs every test suite on every runtime: `deno task test`.
 *
 * - `--all` adds Node 22, Node 26 and Chromium
 * - `--only <suite>` and `--runtime <name>` pick, and may be given several times
 * - `--no-install` uses what is there and skips the rest aloud
 *
 * @module
 */

import { parseArgs } from "node:util";
import { ensureNodeModules } from "./_node_modules.ts";
import { notRun, type Outcome, summaryLine } from "./_outcome.ts";
import { endProcesses } from "./_process.ts";
import { runSuite } from "./_run_suite.ts";
import { ALL_RUNTIMES, DEFAULT_RUNTIMES, type RuntimeName } from "./_runtimes.ts";
import { findSuites, runtimesOf, typeTestFiles } from "./_suites.ts";
import { endTestServices } from "./_test_services.ts";
import { layOut, paint, seconds } from "./_table.ts";
import { checkTypeTests } from "./_type_tests.ts";

interface Cell {
  suite: string;
  runtime: RuntimeName;
  /** Whether it needs servers: then it mostly waits. */
  isServed: boolean;
  /** Whether real servers or threads have a say in it, whose pace is not the test's. */
  isReal: boolean;
  run: () => Promise<Outcome>;
}

const TYPES = "types";
const INTERRUPTIONS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

const USAGE = `deno task test [options]

  --all             also on Node 22, Node 26 and Chromium
  --only <suite>    this suite only; may be given several times
  --runtime <name>  on this runtime only: ${ALL_RUNTIMES.join(", ")}; may be given several times
  --no-install      use what is there, and skip the rest aloud
  --help            print this`;

const options = readOptions();
if (options.help) {
  console.log(USAGE);
  Deno.exit();
}
const install = !options["no-install"];

function readOptions() {
  try {
    return parseArgs({
      options: {
        all: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        runtime: { type: "string", multiple: true, default: [] },
        "no-install": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

function chooseRuntimes(): RuntimeName[] {
  if (options.runtime.length === 0) return options.all ? ALL_RUNTIMES : DEFAULT_RUNTIMES;
  const unknown = options.runtime.filter((name) => !ALL_RUNTIMES.includes(name as RuntimeName));
  if (unknown.length > 0) {
    console.error(
      `No runtime is named ${unknown.join(", ")}; there are ${ALL_RUNTIMES.join(", ")}`,
    );
    Deno.exit(2);
  }
  return ALL_RUNTIMES.filter((name) => options.runtime.includes(name));
}

function chooseSuites(runtimes: RuntimeName[]): Cell[] {
  const suites = findSuites();
  const names = [...suites.map((suite) => suite.name), TYPES];
  const unknown = options.only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`No suite is named ${unknown.join(", ")}; there are ${names.join(", ")}`);
    Deno.exit(2);
  }
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const cells: Cell[] = suites.filter((suite) => wanted(suite.name)).flatMap((suite) =>
    runtimes.filter((runtime) => runtimesOf(suite).includes(runtime)).map((runtime) => ({
      suite: suite.name,
      runtime,
      isServed: suite.services !== undefined,
      isReal: suite.services !== undefined || suite.isReal === true,
      run: () => runSuite(suite, runtime, install),
    }))
  );
  const typeTests = typeTestFiles();
  if (wanted(TYPES) && runtimes.includes("deno") && typeTests.length > 0) {
    const run = () => checkTypeTests(typeTests);
    cells.push({ suite: TYPES, runtime: "deno", isServed: false, isReal: false, run });
  }
  return cells;
}

/** Suites that failed, and passed when they were run once more. */
const unsteady: string[] = [];

/** Runs a cell; what has real servers or threads gets a second chance, and is told of in the end. */
async function runCell(cell: Cell, namesMissing: string | undefined): Promise<Outcome> {
  if (namesMissing !== undefined && cell.runtime !== "deno") return notRun(namesMissing);
  const first = await attempt(cell);
  if (first.failed === 0 || !cell.isReal) return first;
  const second = await attempt(cell);
  if (second.failed === 0) unsteady.push(`${cell.suite} on ${cell.runtime}`);
  return second;
}

async function attempt(cell: Cell): Promise<Outcome> {
  const label = `${cell.suite.padEnd(16)} ${cell.runtime.padEnd(9)}`;
  const started = performance.now();
  let outcome: Outcome;
  try {
    outcome = await cell.run();
  } catch (error) {
    const output = error instanceof Error ? error.stack ?? error.message : String(error);
    outcome = { passed: 0, failed: 1, skipped: [], output };
  }
  const time = paint("dim", seconds(performance.now() - started));
  console.log(`  ${label} ${describe(outcome)}  ${time}`);
  if (outcome.failed > 0) console.log(`\n${indent(outcome.output.trim())}\n`);
  return outcome;
}

function describe({ passed, failed, skipped }: Outcome): string {
  const parts = [
    passed > 0 ? paint("green", `${passed} passed`) : "",
    failed > 0 ? paint("red", `${failed} FAILED`) : "",
    skipped.length > 0 ? paint("yellow", `${skipped.length} skipped`) : "",
  ];
  return parts.filter((part) => part !== "").join(", ") || "nothing to run";
}

function printTable(cells: Cell[], outcomes: Outcome[], runtimes: RuntimeName[]): void {
  const suites = [...new Set(cells.map((cell) => cell.suite))];
  const rows = suites.map((suite) => [
    suite,
    ...runtimes.map((runtime) => {
      const at = cells.findIndex((cell) => cell.suite === suite && cell.runtime === runtime);
      return at === -1 ? "–" : cellText(outcomes[at]!);
    }),
  ]);
  console.log(`\n${layOut([["", ...runtimes], ...rows])}`);
  console.log("a number alone: passed; ✗ failed, ~ skipped, – does not apply\n");
  printSkipped(cells, outcomes);
}

/** Names every skipped test once, with the runtimes on which it was skipped. */
function printSkipped(cells: Cell[], outcomes: Outcome[]): void {
  const where = new Map<string, RuntimeName[]>();
  for (const [at, { skipped }] of outcomes.entries()) {
    const { suite, runtime } = cells[at]!;
    for (const name of skipped) {
      const line = `skipped  ${suite}: ${name}`;
      where.set(line, [...(where.get(line) ?? []), runtime]);
    }
  }
  for (const [line, runtimes] of where) console.log(`${line} (${runtimes.join(", ")})`);
}

function cellText({ passed, failed, skipped }: Outcome): string {
  return [
    String(passed),
    failed > 0 ? `✗${failed}` : "",
    skipped.length > 0 ? `~${skipped.length}` : "",
  ].filter((part) => part !== "").join(" ");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}

const started = performance.now();
const runtimes = chooseRuntimes();
const cells = chooseSuites(runtimes);
const needsNames = cells.some((cell) => cell.runtime !== "deno");
const namesMissing = needsNames ? await ensureNodeModules(install) : undefined;
if (namesMissing !== undefined) console.log(`Only Deno can run: ${namesMissing}\n`);

const outcomes: Outcome[] = [];
/** Cells that wait for their turn, by their place in the table. */
const waiting = cells.map((_, at) => at);

/** The next cell for which `holds` is true, if there is one left; it is taken. */
function takeNext(holds: (cell: Cell) => boolean): number | undefined {
  const at = waiting.findIndex((cell) => holds(cells[cell]!));
  return at === -1 ? undefined : waiting.splice(at, 1)[0];
}

/** Runs one cell after the other, as long as `next` has one. */
async function runInTurn(next: () => number | undefined): Promise<void> {
  for (let at = next(); at !== undefined; at = next()) {
    outcomes[at] = await runCell(cells[at]!, namesMissing);
  }
}
for (const signal of INTERRUPTIONS) {
  Deno.addSignalListener(signal, async () => {
    console.log(`\nInterrupted: ending what was started`);
    endProcesses();
    await endTestServices();
    Deno.exit(130);
  });
}
try {
  // What waits for servers leaves the processor to the others. Who is through with that helps them,
  // but two cells of real threads at a time would have too few processors.
  await Promise.all([
    runInTurn(() => takeNext(({ isServed }) => !isServed)),
    runInTurn(() =>
      takeNext(({ isServed }) => isServed) ??
        takeNext(({ isServed, isReal }) => !isServed && !isReal)
    ),
  ]);
} finally {
  await endTestServices();
}

printTable(cells, outcomes, runtimes);
const sum = (count: (outcome: Outcome) => number) =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0);
const failed = sum((outcome) => outcome.failed) + (cells.length === 0 ? 1 : 0);
if (cells.length === 0) console.log("Nothing to run: no suite fits");
for (const name of unsteady) console.log(paint("yellow", `unsteady: ${name} failed, then passed`));
console.log(`Done in ${seconds(performance.now() - started)}`);
console.log(
  summaryLine(
    sum((outcome) => outcome.passed),
    failed,
    sum((outcome) => outcome.skipped.length),
  ),
);
Deno.exit(failed > 0 ? 1 : 0);
