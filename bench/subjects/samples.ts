/**
 * Samples of what happens once at a time: a crash, a lone event.
 *
 * @module
 */
import { summarize } from "../harness/timer.ts";
import type { Sample } from "../harness/types.ts";

/** So few say something about a median. */
const LEAST = 5;

/** Calls `once`, which gives milliseconds, for about `seconds`. */
export async function sampleEach(seconds: number, once: () => Promise<number>): Promise<Sample> {
  // The first time loads and compiles.
  await once();
  const samples: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (samples.length < LEAST || performance.now() < end) samples.push(await once() * 1e6);
  return summarize(samples);
}
