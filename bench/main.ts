/**
 * Measures the bus and its peers on all runtimes in one run: `deno task bench --help`.
 *
 * @module
 */
import { QUESTIONS } from "./questions/mod.ts";
import { type Options, readOptions } from "./harness/args.ts";
import { drawChart } from "./harness/chart.ts";
import { buildGo } from "./harness/go_process.ts";
import { describeMachine, versionsOf } from "./harness/machine.ts";
import { isReference, speedOf, toRows } from "./harness/rows.ts";
import { withoutPackages } from "./harness/packages.ts";
import { findRuntimes, type Runtime, RUNTIMES } from "./harness/runtimes.ts";
import { type Job, planJobs, type Result, runRounds } from "./harness/schedule.ts";
import { endServers, withoutServers } from "./harness/servers.ts";
import { baseName, type Results, resultUrl, type Run, store } from "./harness/store.ts";
import { renderQuestion, renderReport } from "./harness/table.ts";
import type { GoProgram, Question } from "./harness/types.ts";

/** What a process costs beside its measurement: start, warm-up, the used state. */
const OVERHEAD_S = 0.4;

const options = readOptions(Deno.args, QUESTIONS.map(({ id }) => id));
const asked = QUESTIONS.filter(({ id }) => options.only.length === 0 || options.only.includes(id));
const folder = await Deno.makeTempDir({ prefix: "beat_bench_" });
try {
  Deno.exitCode = await main(asked);
} finally {
  await endServers();
  await Deno.remove(folder, { recursive: true });
}

async function main(questions: Question[]): Promise<number> {
  // C needs Node 24 even where the figures of other runtimes are asked for.
  const all = await findRuntimes(RUNTIMES);
  const runtimes = all.filter(({ name }) => options.runtimes.includes(name));
  const planned = planJobs(questions, runtimes, options);
  const jobs = await withoutServers(await withoutPackages(await withoutGo(planned)));
  // A reference that only serves for C is no row: its peers were not measured in this run.
  const started = jobs.some(isReference) ? jobs : [...findReference(all), ...jobs];
  announce(started, options);
  const date = new Date().toISOString().slice(0, 19) + "Z";
  const results = await runRounds(started, options, progress(started.length * options.count));

  const c = speedOf(results);
  const run: Run = {
    date,
    c,
    seconds: options.seconds,
    processes: options.count,
    versions: versionsOf(all),
  };
  const machine = await describeMachine();
  const rows = toRows(results.filter(({ job }) => jobs.includes(job)), c, date);
  const stored = await store(machine, run, rows, QUESTIONS);
  await write(stored, questions);
  for (const question of questions) {
    const mine = stored.rows.filter((row) => row.question === question.id);
    console.log(renderQuestion(question, mine));
  }
  console.log(`C = ${c ?? "unknown"}; written to bench/results/${baseName(machine)}.{json,txt}`);
  const failures = results.filter(({ failure }) => failure !== undefined);
  failures.forEach(complain);
  return failures.length === 0 ? 0 : 1;
}

/** The job that C is made of, whatever was asked for. */
function findReference(runtimes: Runtime[]): Job[] {
  const reference = planJobs([...QUESTIONS], runtimes, { ...options, peers: true })
    .find(isReference);
  if (reference !== undefined) return [reference];
  console.error("No Node 24: C is unknown, goals in ns are not judged");
  return [];
}

/** Leaves programs in Go out, aloud, where there is no Go. */
async function withoutGo(jobs: Job[]): Promise<Job[]> {
  const needed = new Set(jobs.map(programOf).filter((name) => name !== undefined));
  for (const name of needed) {
    const missing = await buildGo(name, folder);
    if (missing === undefined) continue;
    console.error(`The Go program ${name} is not measured: ${missing}`);
    jobs = jobs.filter((job) => programOf(job) !== name);
  }
  return jobs;
}

function programOf({ subject }: Job): GoProgram | undefined {
  return "sample" in subject ? subject.program : undefined;
}

async function write(results: Results, drawn: Question[]): Promise<void> {
  const { machine, rows } = results;
  const text = renderReport(results, QUESTIONS);
  await Deno.writeTextFile(resultUrl(`${baseName(machine)}.txt`), text);
  for (const question of drawn) {
    const mine = rows.filter((row) => row.question === question.id);
    if (mine.length === 0) continue;
    const dates = [...new Set(mine.map(({ date, c }) => `${date.slice(0, 10)}, C = ${c ?? "?"}`))];
    const footer = `${machine.cpu}, ${machine.cores} cores; ${dates.join(" / ")}`;
    const svg = await drawChart(question, mine, footer);
    await Deno.writeTextFile(resultUrl(`${question.id}.svg`), `${svg}\n`);
  }
}

function announce(jobs: Job[], { count, seconds }: Options): void {
  const processes = jobs.length * count;
  const minutes = Math.ceil(processes * (seconds + OVERHEAD_S) / 60);
  console.error(`${jobs.length} subjects, ${processes} processes, about ${minutes} min`);
}

function progress(processes: number): (done: number, job: Job) => void {
  if (!Deno.stderr.isTerminal()) {
    const tenth = Math.ceil(processes / 10);
    return (done) => {
      if (done % tenth === 0) console.error(`${done} of ${processes} processes done`);
    };
  }
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  return (done, { question, subject, runtime, state }) => {
    const end = done + 1 === processes ? "\n" : "";
    write(
      `\r\x1b[K${
        done + 1
      }/${processes} ${question.id} · ${subject.name} · ${runtime} · ${state}${end}`,
    );
  };
}

function complain({ job, failure }: Result): void {
  const { question, subject, runtime, state } = job;
  console.error(
    `FAILED ${question.id} · ${job.case.name} · ${subject.name} · ${runtime} · ${state}: ${failure}`,
  );
}
