/**
 * Tells the processor time of a subject as it warms up, where the time that passes says more about a
 * sender or a server beside it.
 *
 * ```sh
 * deno run -A --no-check --lock=scripts/tools.lock bench/processor_time.ts webhook "1 KiB" \
 *   "beat webhookSubscriber, signature checked"
 * ```
 *
 * Node runs it as well. Each figure is microseconds for one operation, over 16 rounds.
 *
 * @module
 */
import process from "node:process";
import { runCounted } from "./harness/timer.ts";
import { findSubject } from "./questions/mod.ts";

const ROUNDS = 16;
const SAMPLES = 14;

const [question = "", inCase = "", name = ""] = process.argv.slice(2);
const subject = findSubject(question, inCase, name);
if (subject === undefined || !("setup" in subject)) {
  console.error(
    "Say a question, one of its cases and one of its subjects, as the tables call them",
  );
  process.exit(2);
}
await subject.use?.();
const work = await subject.setup();
if (!("run" in work)) throw new Error(`${name} has no rounds: its table tells the processor time`);
const figures: string[] = [];
for (let sample = 0; sample < SAMPLES; sample++) {
  const before = process.cpuUsage();
  await runCounted(work, ROUNDS);
  const { user, system } = process.cpuUsage(before);
  figures.push(((user + system) / (ROUNDS * (work.opsPerRound ?? 1))).toFixed(1));
}
console.log(`${name}: ${figures.join(" ")} µs`);
process.exit(0);
