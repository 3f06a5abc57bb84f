import { CrashError, forAsync } from "../../mod.ts";
import { seeded } from "../../src/ring/_stepped.ts";
import { checksum, type TortureReport } from "./_checks.ts";
import { startWorker, type Victim } from "./_start_worker.ts";

/** What the data of a job says. */
export interface Job {
  /** Counts the jobs. */
  number: number;
  bytes: number[];
  sum: number;
  /** Whether the thread that gets it dies of it. */
  death: boolean;
  pause: "none" | "spin" | "wait";
  /** How many further threads it goes through. */
  hops: number;
}

/** Options of {@linkcode torture}. */
export interface TortureOptions {
  seed: number;
  /** How many jobs. */
  jobs: number;
  /** Of how many jobs one kills its thread; never if it is 0. */
  deaths: number;
  /** How many threads are ended from outside, where that ends them. */
  kills: number;
}

/** Turns of 10 ms that the last jobs may take. */
const LONGEST_WAIT = 6_000;

/** Sends jobs through threads that pause and die, and looks whether each is handled or named. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const random = seeded(options.seed);
  const done = new Map<number, number>();
  const doubtful = new Set<number>();
  const faults: string[] = [];
  const workers = new Set<Victim>();
  const bus = forAsync({
    handlers: () => {
      const worker = startWorker();
      workers.add(worker);
      return worker;
    },
    threads: 3,
    capacity: 8_192,
    concurrency: 4,
    blockTimeout: 60_000,
    // Threads are ended while they start, too.
    maxRestarts: 1_000,
    onError(error) {
      if (error instanceof CrashError) doubtful.add(Number(error.id));
      else faults.push(String(error));
    },
  });
  bus.on("done", ({ data }) => void done.set(data as number, (done.get(data as number) ?? 0) + 1));
  bus.on("broken", ({ data }) => void faults.push(String(data)));
  await bus.ready;
  const killer = options.kills > 0 ? killSometimes(workers, random, options.kills) : undefined;
  for (let number = 0; number < options.jobs; number++) {
    await bus.enqueue(createJob(number, random, options.deaths));
    if (random() < 0.001) await new Promise((resolve) => setTimeout(resolve, random() * 3));
  }
  await killer;
  // What a handler emits after it has waited, a bus that drains would refuse.
  const isSettled = () =>
    done.size + [...doubtful].filter((number) => !done.has(number)).length >= options.jobs;
  for (let waits = 0; waits < LONGEST_WAIT && !isSettled(); waits++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await bus.drain({ timeout: 60_000 });
  const { emitted, processed, dropped, inDoubt } = bus.stats();
  if (emitted !== processed + dropped) faults.push(`${emitted} ≠ ${processed} + ${dropped}`);
  if (dropped !== inDoubt) faults.push(`${dropped} dropped, ${inDoubt} in doubt`);
  for (let number = 0; number < options.jobs; number++) {
    const times = done.get(number) ?? 0;
    if (times > 1) faults.push(`${number} was handled ${times} times`);
    if (times === 0 && !doubtful.has(number)) faults.push(`${number} is lost`);
  }
  await bus.close();
  return { jobs: options.jobs, inDoubt, faults };
}

/** Pings idle threads: each ping must come back, though both sides sleep. */
export async function pingIdle(trials: number): Promise<TortureReport> {
  const bus = forAsync({ handlers: startWorker, threads: 2 });
  await bus.ready;
  let wake = (_data: unknown) => {};
  bus.on("pong", ({ data }) => wake(data));
  for (let trial = 0; trial < trials; trial++) {
    const pong = new Promise((resolve) => wake = resolve);
    bus.emit("ping");
    await pong;
    if (trial % 3 === 0) await new Promise((resolve) => setTimeout(resolve, trial % 2));
  }
  await bus.close();
  return { jobs: trials, inDoubt: 0, faults: [] };
}

function createJob(number: number, random: () => number, deaths: number) {
  const bytes = Array.from({ length: random() * 200 }, () => Math.floor(random() * 256));
  const draw = random();
  const data: Job = {
    number,
    bytes,
    sum: checksum(bytes),
    death: deaths > 0 && random() < 1 / deaths,
    pause: draw < 0.002 ? "wait" : draw < 0.01 ? "spin" : "none",
    hops: random() < 0.1 ? 1 + Math.floor(random() * 3) : 0,
  };
  const key = random() < 0.7 ? `k${Math.floor(random() * 8)}` : undefined;
  return { type: "job", id: `${number}`, data, ...(key === undefined ? {} : { key }) };
}

async function killSometimes(
  workers: Set<Victim>,
  random: () => number,
  kills: number,
): Promise<void> {
  for (let killed = 0; killed < kills; killed++) {
    await new Promise((resolve) => setTimeout(resolve, 30 + random() * 60));
    const living = [...workers].slice(-3);
    const victim = living[Math.floor(random() * living.length)];
    if (victim === undefined) continue;
    workers.delete(victim);
    await victim.terminate();
  }
}
