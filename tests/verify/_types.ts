import { forAsync } from "../../mod.ts";
import { Faults, sleep, type TortureReport } from "./_checks.ts";
import { startWorker } from "./_start_worker.ts";

/** Types after which memory is measured first: until then tables and caches fill. */
const WARM_UP = 30_000;
/** Bytes of the heap that may be left of each further type: one entry of a table takes more. */
const LEFT = 16;

/** Bytes of the heap of this thread that are in use, once garbage has been collected. */
export async function measureHeap(): Promise<number> {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  for (let attempt = 0; attempt < 3; attempt++) {
    await sleep(10);
    if (gc !== undefined) gc();
    else Bun?.gc(true);
  }
  return process.memoryUsage().heapUsed;
}

/** Sends events through a thread, each of a type of its own: neither side may remember them. */
export async function nameOften(types: number): Promise<TortureReport> {
  const faults = new Faults();
  const bus = forAsync({
    handlers: startWorker,
    threads: 1,
    onError: (error) => faults.add(String(error)),
  });
  let returned = 0;
  bus.on("returned.*", () => returned++);
  let hear = (_heap: unknown) => {};
  bus.on("heaped", ({ data }) => hear(data));
  await bus.ready;
  const measure = async (): Promise<[home: number, thread: number]> => {
    const heard = new Promise((resolve) => hear = resolve);
    await bus.enqueue({ type: "heap" });
    const thread = Number(await heard);
    return [await measureHeap(), thread];
  };
  let before: [number, number] | undefined;
  for (let number = 0; number < types; number++) {
    if (number === WARM_UP) before = await measure();
    await bus.enqueue({ type: `named.${number}`, data: number });
  }
  const after = await measure();
  for (const [at, side] of ["home", "the thread"].entries()) {
    const growth = after[at]! - (before ?? after)[at]!;
    if (growth > LEFT * (types - WARM_UP)) faults.add(`${side} has grown by ${growth} bytes`);
  }
  await bus.drain({ timeout: 60_000 });
  faults.expect("events that came back", returned, Math.ceil(types / 10));
  return { jobs: types, inDoubt: 0, faults: faults.list };
}
