/**
 * The process of one subject: runs on every runtime, prints one line of JSON.
 *
 * @module
 */
import process from "node:process";
import { findSubject, QUESTIONS } from "../questions/mod.ts";
import { measureTime } from "./timer.ts";
import type { Sample, State } from "./types.ts";

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
  if ("sample" in work) return await work.sample(task.seconds);
  const { measure } = question;
  if (measure !== "bytes" && measure !== "live") return await measureTime(work, task.seconds);
  const { measureBytes, measureLive } = await import("./heap.ts");
  return measure === "bytes" ? await measureBytes(work) : await measureLive(work);
}

const sample = await perform(JSON.parse(process.argv[2]!));
console.log(JSON.stringify(sample));
// A subject may hold the process open; nothing of it is needed any more.
process.exit(0);
