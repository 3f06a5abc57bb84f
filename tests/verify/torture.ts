/**
 * Tortures buses with threads, as its arguments say, and prints a report; it exits with 1 if it has
 * found a fault.
 *
 * - `torture SEED JOBS DEATHS KILLS`, `lanes SEED ROUNDS DEATHS KILLS`, `ping TRIALS`
 * - `flood EVENTS`, `writers SEED DEATHS KILLS`, `answers QUESTIONS`
 * - `poison EVENTS`, `lives LIVES`, `rest TIME`, `types TYPES`
 *
 * @module
 */

import { askOften } from "./_answers.ts";
import type { TortureReport } from "./_checks.ts";
import { flood } from "./_flood.ts";
import { feedLanes } from "./_lanes.ts";
import { liveOften, poison, rest } from "./_lives.ts";
import { pingIdle, torture } from "./_torture.ts";
import { nameOften } from "./_types.ts";
import { killWriters } from "./_writers.ts";

const MODES: Record<string, (...numbers: number[]) => Promise<TortureReport>> = {
  torture: (seed, jobs, deaths, kills) => torture({ seed, jobs, deaths, kills }),
  lanes: (seed, rounds, deaths, kills) => feedLanes({ seed, rounds, deaths, kills: kills > 0 }),
  ping: pingIdle,
  answers: askOften,
  flood,
  writers: (seed, deaths, kills) => killWriters({ seed, deaths, kills }),
  poison,
  lives: liveOften,
  rest,
  types: nameOften,
};

const [mode, ...numbers] = process.argv.slice(2);
const report = await MODES[mode!]!(...numbers.map(Number));
console.log(JSON.stringify(report));
process.exit(report.faults.length > 0 ? 1 : 0);
