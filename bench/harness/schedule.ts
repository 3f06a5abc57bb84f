/**
 * Who runs when: every round starts one process of each subject, on each runtime, in each state, so
 * that a machine that slows down for a minute slows all of them down alike.
 *
 * @module
 */
import type { Task } from "./child.ts";
import type { Options } from "./args.ts";
import { toPath } from "../../scripts/_files.ts";
import { run } from "../../scripts/_process.ts";
import type { Runtime } from "./runtimes.ts";
import type { Case, Question, RowState, Sample, Subject } from "./types.ts";

/** A subject on a runtime in a state. */
export interface Job {
  question: Question;
  case: Case;
  subject: Subject;
  state: RowState;
  /** `go` for the original. */
  runtime: string;
  /** One process. */
  sample(seconds: number): Promise<Sample>;
}

/** What the processes of a job said. */
export interface Result {
  job: Job;
  samples: Sample[];
  /** Why the job was given up. */
  failure?: string;
}

/** A process that hangs is stopped after this time, unless its question says otherwise. */
const TIME_LIMIT_MS = 120_000;
const CHILD = toPath(new URL("./child.ts", import.meta.url));

/** All jobs of the questions. */
export function planJobs(questions: Question[], runtimes: Runtime[], options: Options): Job[] {
  const jobs: Job[] = [];
  for (const question of questions) {
    for (const inCase of question.cases) {
      for (const subject of inCase.subjects) {
        if (!options.peers && (subject.kind === "peer" || subject.kind === "go")) continue;
        const common = { question, case: inCase, subject };
        if ("sample" in subject) {
          const { runtime, sample } = subject;
          jobs.push({ ...common, state: "any", runtime, sample });
          continue;
        }
        for (const runtime of runtimes) {
          if (!isMeasurable(question, runtime)) continue;
          for (const state of question.states) {
            const task = { question: question.id, case: inCase.name, subject: subject.name, state };
            const { timeLimit } = question;
            const sample = (seconds: number) =>
              startChild(runtime, { ...task, seconds }, timeLimit);
            jobs.push({ ...common, state, runtime: runtime.name, sample });
          }
        }
      }
    }
  }
  return jobs;
}

/** Bun's heap statistics don't follow its heap. */
export function isMeasurable({ measure }: Question, runtime: { name: string }): boolean {
  return runtime.name !== "bun" || (measure !== "bytes" && measure !== "live");
}

/** Runs `count` rounds over the jobs; a job that fails is reported and left out from then on. */
export async function runRounds(
  jobs: Job[],
  { count, seconds }: Options,
  onProgress: (done: number, job: Job) => void,
): Promise<Result[]> {
  const results: Result[] = jobs.map((job) => ({ job, samples: [] }));
  let done = 0;
  for (let round = 0; round < count; round++) {
    for (const result of results) {
      onProgress(done++, result.job);
      if (result.failure !== undefined) continue;
      try {
        result.samples.push(await result.job.sample(seconds));
      } catch (error) {
        result.failure = (error as Error).message;
      }
    }
  }
  return results;
}

async function startChild(
  runtime: Runtime,
  task: Task,
  timeLimit = TIME_LIMIT_MS,
): Promise<Sample> {
  const command = [...runtime.command, CHILD, JSON.stringify(task)];
  const { code, stdout, output } = await run(command, { timeLimit });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !line.startsWith("{")) throw new Error(lastLines(output));
  return JSON.parse(line);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n");
}
