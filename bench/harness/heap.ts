/**
 * The heap meter of a process: how far V8's heap grows while work runs, as long as no collection
 * comes between. Deno and Node need no flag for it; Bun's figures do not follow its heap.
 *
 * @module
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { settled } from "../subjects/settled.ts";
import { runCounted, summarize, warmUp } from "./timer.ts";
import type { Sample, Work } from "./types.ts";

const SAMPLES = 60;
/** Each takes two full collections. */
const LIVE_SAMPLES = 12;
const WARM_UP_MS = 250;

const NOTHING: Work = { handledPerRound: 0, run: () => {} };
const WAIT: Work = {
  handledPerRound: 0,
  async run() {
    await undefined;
    await settled(0);
  },
};

/** Measures bytes per operation. A sample is one round, too short to fill V8's young generation. */
export async function measureBytes(work: Work): Promise<Sample> {
  await warmUp(work, WARM_UP_MS);
  // What the meter itself and one wait for a round allocate is the same with and without emits.
  const own = await growth(idleOf(work));
  const grown = await growth(work);
  const perOp = grown
    .map((bytes) => Math.max(0, bytes - own[own.length >> 1]!) / (work.opsPerRound ?? 1));
  // The lowest sample is one that a collection cut short: only the median means anything.
  const { median } = summarize(perOp);
  return { min: median, median };
}

/** Measures bytes per operation that are still in use after a round and a full collection. */
export async function measureLive(work: Work): Promise<Sample> {
  await warmUp(work, WARM_UP_MS);
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const perOp: number[] = [];
  for (let i = 0; i < LIVE_SAMPLES; i++) {
    await work.prepare?.(1);
    collect();
    const before = used();
    await runCounted({ ...work, prepare: () => {} }, 1);
    collect();
    perOp.push((used() - before) / (work.opsPerRound ?? 1));
  }
  return summarize(perOp);
}

/** A round of `work` that emits nothing. */
function idleOf({ idle, handledPerRound }: Work): Work {
  if (idle !== undefined) return { handledPerRound: 0, run: () => idle() };
  return handledPerRound === 0 ? NOTHING : WAIT;
}

async function growth(work: Work): Promise<number[]> {
  const samples: number[] = [];
  // A collection makes the growth negative: such samples are left out, so there are more tries.
  for (let attempt = 0; attempt < SAMPLES * 4 && samples.length < SAMPLES; attempt++) {
    const before = used();
    await runCounted(work, 1);
    const grown = used() - before;
    if (grown >= 0) samples.push(grown);
  }
  if (samples.length < SAMPLES / 2) throw new Error("the heap never stayed still long enough");
  return samples.toSorted((a, b) => a - b);
}

function used(): number {
  const { used_heap_size, malloced_memory } = getHeapStatistics();
  return used_heap_size + malloced_memory;
}
