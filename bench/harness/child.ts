/**
 * The process of one subject: runs on every runtime, prints one line of JSON.
 *
 * @module
 */
import process from "node:process";
import { findSubject, QUESTIONS } from "../questions/mod.ts";
import { measureTime } from "./timer.ts";
import type { OwnWork, Question, Sample, State, Work } from "./types.ts";

/** What a process is told to do. */
export interface Task {
  question: string;
  case: string;
  subject: string;
  state: State;
  seconds: number;
}

async function perform(task: Task): Promise<Sample> {
  const question = QUESTIONS.find(({ id }) => id === task.question);
  const subject = findSubject(task.question, task.case, task.subject);
  if (question === undefined || subject === undefined || !("setup" in subject)) {
    throw new Error(`no such subject: ${JSON.stringify(task)}`);
  }
  if (task.state === "used") await subject.use();
  const work = await subject.setup();
  const sample = await measureBy(work, question, task.seconds);
  await work.end?.();
  return sample;
}

async function measureBy(
  work: Work | OwnWork,
  { measure }: Question,
  seconds: number,
): Promise<Sample> {
  if ("measure" in work) return await work.measure(seconds);
  if (measure !== "bytes" && measure !== "live") return await measureTime(work, seconds);
  const { measureBytes, measureLive } = await import("./heap.ts");
  return measure === "bytes" ? await measureBytes(work) : await measureLive(work);
}

const sample = await perform(JSON.parse(process.argv[2]!));
console.log(JSON.stringify(sample));
// A subject may hold the process open; nothing of it is needed any more.
process.exit(0);
