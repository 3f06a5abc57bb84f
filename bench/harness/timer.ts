/**
 * The clock of a process: warm up, find how many rounds make a sample, take samples.
 *
 * @module
 */
import { handledSoFar, takeTotal } from "../subjects/handlers.ts";
import type { Sample, Work } from "./types.ts";

/** Samples of a measurement; each is long beside the clock's resolution and short beside a second. */
const SAMPLES = 12;
/** Rounds that take about this long are run at once while warming up. */
const CHUNK_MS = 1;
/** No engine compiles to its last stage in less; V8 does it on another thread. */
const WARM_UP_MS = 120;

/** Runs rounds and insists that every event of them was handled. Returns milliseconds. */
export async function runCounted(work: Work, rounds: number): Promise<number> {
  const prepared = work.prepare?.(rounds);
  if (prepared !== undefined) await prepared;
  takeTotal();
  const start = performance.now();
  // Awaiting what is no promise would cost a microtask, which a sample does not notice.
  const pending = work.run(rounds);
  if (pending !== undefined) await pending;
  const elapsed = performance.now() - start;
  const expected = rounds * (work.handledPerRound ?? work.opsPerRound ?? 1);
  const handled = handledSoFar();
  if (handled !== expected) throw new Error(`handled ${handled} calls instead of ${expected}`);
  return elapsed;
}

/** Measures nanoseconds per operation for about `seconds`. */
export async function measureTime(work: Work, seconds: number): Promise<Sample> {
  const chunk = await warmUp(work, Math.max(WARM_UP_MS, seconds * 500));
  const sampleMs = seconds * 1_000 / SAMPLES;
  let rounds = chunk.rounds;
  // Warm code is quicker than the chunks said: correct once by a sample of its own.
  for (let attempt = 0; attempt < 2; attempt++) {
    const elapsed = await runCounted(work, rounds);
    rounds = Math.max(1, Math.round(rounds * sampleMs / Math.max(elapsed, 0.01)));
  }
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const elapsed = await runCounted(work, rounds);
    samples.push(elapsed * 1e6 / (rounds * (work.opsPerRound ?? 1)));
  }
  return summarize(samples);
}

/** Calls `run` many times with few rounds, so that it is entered anew after each compilation. */
export async function warmUp(work: Work, milliseconds: number): Promise<{ rounds: number }> {
  const end = performance.now() + milliseconds;
  let rounds = 1;
  while (performance.now() < end) {
    const elapsed = await runCounted(work, rounds);
    if (elapsed < CHUNK_MS / 2) rounds *= 2;
    else if (elapsed > CHUNK_MS * 2) rounds = Math.max(1, rounds >> 1);
  }
  return { rounds };
}

/** The best and the median sample. */
export function summarize(samples: number[]): Sample {
  const sorted = samples.toSorted((a, b) => a - b);
  return { min: sorted[0]!, median: median(sorted) };
}

/** The median of numbers that are sorted already. */
export function median(sorted: number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
