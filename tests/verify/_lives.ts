import { readdirSync } from "node:fs";
import { CrashError, forAsync } from "../../mod.ts";
import { Faults, sleep, type TortureReport } from "./_checks.ts";
import { startWorker } from "./_start_worker.ts";

/** Lives after which memory is measured first: until then the runtime fills its own caches. */
const WARM_UP = 100;
/** Bytes that may be left of each further life: what is garbage, and of the runtime's own. */
const LEFT = 400_000;
/** Memories that may still be held by what has just ended. */
const HELD = 3;
/** Milliseconds that the runtime may take to let go of threads. */
const PATIENCE = 20_000;

/** Makes and closes buses one after the other: no thread and no memory may be left. */
export async function liveOften(lives: number): Promise<TortureReport> {
  const faults = new Faults();
  const threads = countThreads();
  const memories = watchMemories();
  let before = 0;
  for (let life = 0; life < lives; life++) {
    if (life === WARM_UP) before = process.memoryUsage.rss();
    const bus = forAsync({ handlers: startWorker, threads: 1, capacity: 4_096 });
    // Every other one is closed while its thread starts.
    if (life % 2 === 0) await bus.ready;
    bus.emit("ping");
    const { stuck } = await bus.close();
    faults.expect(`threads stuck in life ${life}`, stuck, 0);
    faults.expect(`depth after life ${life}`, bus.stats().depth, 0);
  }
  // Runtimes start helpers of their own, but none for each life.
  const allowed = threads + Math.max(10, lives / 50);
  for (const end = performance.now() + PATIENCE; countThreads() > allowed;) {
    if (performance.now() > end) {
      faults.add(`${countThreads()} threads are left of ${threads}`);
      break;
    }
    await sleep(50);
  }
  const held = await countHeld(memories);
  if (held > HELD) faults.add(`${held} memories of closed buses are still held`);
  const growth = process.memoryUsage.rss() - before;
  if (lives > WARM_UP && growth > LEFT * (lives - WARM_UP)) {
    faults.add(`memory has grown by ${growth} bytes in ${lives - WARM_UP} lives`);
  }
  return { jobs: lives, inDoubt: 0, faults: faults.list };
}

/** Collects the shared memory that is made from now on, without holding it. */
function watchMemories(): WeakRef<object>[] {
  const memories: WeakRef<object>[] = [];
  globalThis.SharedArrayBuffer = new Proxy(SharedArrayBuffer, {
    construct(Memory, args: [number]) {
      const memory = new Memory(...args);
      memories.push(new WeakRef(memory));
      return memory;
    },
  });
  return memories;
}

/** How many objects are left once garbage has been collected, where a program may do that. */
async function countHeld(objects: readonly WeakRef<object>[]): Promise<number> {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  const collect = gc ?? (Bun && (() => Bun.gc(true)));
  if (collect === undefined) return 0;
  for (let attempt = 0; attempt < 5; attempt++) {
    // What has been looked at stays until the event loop has had a turn.
    await sleep(20);
    collect();
  }
  return objects.filter((object) => object.deref() !== undefined).length;
}

/** Threads of this process, where the system tells; otherwise none. */
function countThreads(): number {
  try {
    return readdirSync("/proc/self/task").length;
  } catch {
    return 0;
  }
}

/** Sends one poisonous event after the other: each kills its thread, and nothing else is lost. */
export async function poison(events: number): Promise<TortureReport> {
  const faults = new Faults();
  const named = new Map<string, number>();
  const done = new Set<number>();
  const bus = forAsync({
    handlers: startWorker,
    threads: 2,
    blockTimeout: 60_000,
    onError(error) {
      if (!(error instanceof CrashError)) return faults.add(String(error));
      named.set(error.id!, (named.get(error.id!) ?? 0) + 1);
    },
  });
  bus.on("done", ({ data }) => void done.add(Number(data)));
  await bus.ready;
  for (let number = 0; number < events; number++) {
    await bus.enqueue({ type: "poison", id: `${number}`, data: undefined });
    await bus.enqueue({ type: "echo", data: number });
  }
  await bus.drain({ timeout: 3_600_000 });
  faults.expect("poisonous events that were named", named.size, events);
  faults.expect("deaths", [...named.values()].reduce((sum, times) => sum + times, 0), events);
  faults.expect("other events that were handled", done.size, events);
  const { emitted, processed, dropped, inDoubt } = bus.stats();
  faults.expect("stats().inDoubt", inDoubt, events);
  faults.expect("stats().emitted", emitted, processed + dropped);
  return { jobs: events, inDoubt, faults: faults.list };
}

/** Share of one processor that four threads with nothing to do may take; bare ones of Bun take 0.002. */
const IDLE_LIMIT = "Bun" in globalThis ? 0.01 : 0.001;
/** How often it is looked at most: runtimes have something of their own to do now and then. */
const LOOKS = 10;

/** Leaves threads without work, and looks at the time that processors spend on them. */
export async function rest(time: number): Promise<TortureReport> {
  const faults = new Faults();
  const bus = forAsync({ handlers: startWorker, threads: 4, keepAlive: true });
  await bus.ready;
  let wake = (_data: unknown) => {};
  bus.on("pong", ({ data }) => wake(data));
  const pong = new Promise((resolve) => wake = resolve);
  bus.emit("ping");
  await pong;
  // What the runtime has to clear up after the start is not counted.
  await sleep(1_000);
  let least = Infinity;
  for (let looks = 0; looks < LOOKS && least > IDLE_LIMIT; looks++) {
    const before = process.cpuUsage();
    const started = performance.now();
    await sleep(time);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000 / (performance.now() - started));
  }
  if (least > IDLE_LIMIT) faults.add(`idle threads take ${(least * 100).toFixed(2)} % of a core`);
  await bus.close();
  return { jobs: 1, inDoubt: 0, faults: faults.list };
}
