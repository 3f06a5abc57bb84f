import { CrashError, forAsync } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { Faults, sleep, type TortureReport } from "./_checks.ts";
import { seeded } from "../../src/ring/_stepped.ts";
import { startWorker, type Victim } from "./_start_worker.ts";

/** What a writer is to do. */
export interface Writing {
  run: number;
  /** How many events it writes before it dies; -1 to write until it is ended from outside. */
  count: number;
  /** The key of the thread that reads them. */
  to: string;
}

/** One event of a writer. */
export interface Written {
  run: number;
  number: number;
}

/** Options of {@linkcode killWriters}. */
export interface WriterOptions {
  seed: number;
  /** How many writers die in the middle of a batch, before it is published. */
  deaths: number;
  /** How many writers are ended from outside, where that ends them. */
  kills: number;
}

/**
 * Kills threads while they write, and looks at what the thread that reads gets: all that was
 * complete, in order, once, whether it had been published or not.
 */
export async function killWriters(options: WriterOptions): Promise<TortureReport> {
  const random = seeded(options.seed);
  const faults = new Faults();
  const victims: Victim[] = [];
  const received = new Map<number, number>();
  const doubtful = new Set<string>();
  const bus = forAsync({
    handlers: () => {
      const worker = startWorker();
      victims.push(worker);
      return worker;
    },
    threads: 2,
    capacity: 32_768,
    blockTimeout: 60_000,
    maxRestarts: 1_000,
    onError(error) {
      if (error instanceof CrashError) doubtful.add(`${error.id}`);
      else faults.add(String(error));
    },
  });
  bus.on("read", ({ data }) => {
    const { run, number } = data as Written;
    const next = received.get(run) ?? 0;
    if (number !== next) faults.add(`run ${run}: ${number} came instead of ${next}`);
    received.set(run, number + 1);
  });
  await bus.ready;
  const [writer, reader] = ["a", "b"].toSorted((one, other) => fnv1a(one) % 2 - fnv1a(other) % 2);
  const write = async (run: number, count: number) => {
    const data: Writing = { run, count, to: reader! };
    await bus.enqueue({ type: "write", id: `${run}`, key: writer!, data });
  };
  const counts: number[] = [];
  for (let run = 0; run < options.deaths; run++) {
    counts.push(Math.floor(random() * 60));
    await write(run, counts[run]!);
    // One after the other, so that no ring is full: what does not fit is refused inside a handler.
    await settled(bus);
  }
  for (let kill = 0; kill < options.kills; kill++) {
    const run = options.deaths + kill;
    await write(run, -1);
    while (!received.has(run)) await sleep(1);
    await sleep(random() * 10);
    // The reader never dies, so the youngest thread is the one that writes.
    await victims.at(-1)!.terminate();
    await settled(bus);
  }
  await bus.drain({ timeout: 60_000 });
  const runs = options.deaths + options.kills;
  counts.forEach((count, run) =>
    faults.expect(`events of run ${run}`, received.get(run) ?? 0, count)
  );
  faults.expect("writers named as in doubt", doubtful.size, runs);
  const { emitted, processed, dropped, inDoubt } = bus.stats();
  faults.expect("stats().dropped", dropped, inDoubt);
  faults.expect("stats().emitted", emitted, processed + dropped);
  return { jobs: runs, inDoubt, faults: faults.list };
}

async function settled(bus: { stats(): { depth: number } }): Promise<void> {
  while (bus.stats().depth > 0) await sleep(1);
}
