import { type StartThread, startWebWorker, startWorkerThread } from "./_probe_thread.ts";
import { within } from "./within.ts";

/** What the runtime can do for the thread that asks, as {@linkcode capabilities} has tried it. */
export interface Capabilities {
  /**
   * Which runtime this is, by the `userAgent` of its `navigator`. For logs and reports: ask the
   * other fields what can be done.
   */
  readonly runtime: "deno" | "bun" | "node" | "workerd" | "browser" | "unknown";
  /**
   * What starts threads: one has been started with it, and has answered. `"none"` as well where
   * threads are forbidden: by Node's permissions, or by a page's security policy for `blob:`.
   */
  readonly threads: "web-worker" | "worker_threads" | "none";
  /**
   * Whether a `SharedArrayBuffer` reaches another thread by a message. In a browser that takes a
   * cross-origin isolated page; without threads there is nobody to share with.
   */
  readonly sharedMemory: boolean;
  /** Whether this thread may block in `Atomics.wait`. */
  readonly blockingWait: boolean;
  /** Whether `Atomics.waitAsync` resolves in this thread when another one notifies. */
  readonly asyncWait: boolean;
  /** Whether there is `Atomics.pause`, which makes a spinning processor wait cheaply. */
  readonly pause: boolean;
  /** How many threads run at a time, as far as the runtime tells; otherwise 1. */
  readonly hardwareConcurrency: number;
}

/** What a thread was good for. */
type Sharing = Pick<Capabilities, "sharedMemory" | "asyncWait">;

/** Milliseconds for each step of the probe: a thread starts in 60, on a busy machine in 1,000. */
const STEP_LIMIT = 5_000;

/** What starts threads, and what it is called. */
type Driver = readonly [threads: Capabilities["threads"], start: StartThread];

/** First what the runtime itself prefers. */
const DRIVERS: readonly Driver[] = [
  ["web-worker", startWebWorker],
  ["worker_threads", startWorkerThread],
];

const RUNTIMES: readonly (readonly [agent: string, name: Capabilities["runtime"]])[] = [
  ["Deno/", "deno"],
  ["Bun/", "bun"],
  ["Node.js/", "node"],
  ["Cloudflare-Workers", "workerd"],
  ["Mozilla/", "browser"],
];

let known: Promise<Capabilities> | undefined;

/**
 * Finds out what the runtime can do by trying it: much exists somewhere and throws, or never
 * settles. What it finds holds for the thread that asks, as a worker may do other things than a
 * page.
 *
 * The first call starts one thread and stops it again, which takes 4 to 75 ms, and in a thread of
 * Deno a second; every later call gets the same promise. The promise never rejects. Nothing is left
 * running, no permission is asked for, and what takes longer than 5 seconds counts as missing.
 *
 * @returns What the runtime can do.
 *
 * @example Deciding how to wait
 * ```ts
 * import { capabilities } from "@beat/beat";
 *
 * const { threads, sharedMemory, asyncWait } = await capabilities();
 * if (threads === "none") console.log("Everything runs in this thread");
 * else if (sharedMemory && asyncWait) console.log("Threads can share memory and wake each other");
 * else console.log("Threads can send messages");
 * ```
 */
export function capabilities(): Promise<Capabilities> {
  return known ??= probe();
}

/**
 * What {@linkcode capabilities} keeps. Tests give drivers that fail in their own ways, and a limit
 * in milliseconds that they can wait for.
 */
export async function probe(
  drivers: readonly Driver[] = DRIVERS,
  stepLimit: number = STEP_LIMIT,
): Promise<Capabilities> {
  return Object.freeze({
    runtime: attempt(nameRuntime) ?? "unknown",
    ...await probeThreads(drivers, stepLimit),
    blockingWait: attempt(() => Atomics.wait(shareCell(), 0, 0, 0)) === "timed-out",
    pause: attempt(pauseOnce) ?? false,
    hardwareConcurrency: attempt(() => navigator.hardwareConcurrency) ?? 1,
  });
}

/** Whether a thread can be started here, asked at once: one is, and stopped before it answers. */
export function canStartThread(): boolean {
  for (const [, start] of DRIVERS) {
    const thread = attempt(start);
    if (thread === undefined) continue;
    // Neither is waited for, whatever comes of it.
    void Promise.allSettled([thread.answered, thread.stop()]);
    return true;
  }
  return false;
}

function nameRuntime(): Capabilities["runtime"] | undefined {
  const { userAgent } = navigator;
  return RUNTIMES.find(([agent]) => userAgent.startsWith(agent))?.[1];
}

function pauseOnce(): boolean {
  (Atomics as unknown as { pause(): void }).pause();
  return true;
}

async function probeThreads(
  drivers: readonly Driver[],
  stepLimit: number,
): Promise<Sharing & Pick<Capabilities, "threads">> {
  for (const [threads, start] of drivers) {
    const sharing = await tryThread(start, stepLimit);
    if (sharing !== undefined) return { threads, ...sharing };
  }
  return { threads: "none", sharedMemory: false, asyncWait: false };
}

/** What a thread of this kind is good for; nothing if none can be had. */
async function tryThread(start: StartThread, limit: number): Promise<Sharing | undefined> {
  // In workerd this throws before there is a timer, so that its requests can share the promise.
  const thread = attempt(start);
  if (thread === undefined) return undefined;
  const cell = attempt(shareCell);
  try {
    // The wait begins before the thread can know of the cell: its notify cannot come too early.
    const wait = attempt(() => Atomics.waitAsync(cell!, 0, 0));
    attempt(() => thread.send(cell!.buffer));
    // A message of its own: where the memory gets lost on its way the thread still answers.
    attempt(() => thread.send("answer"));
    if (await within(limit, thread.answered) === undefined) return undefined;
    const sharedMemory = cell !== undefined && Atomics.load(cell, 0) === 1;
    const asyncWait = sharedMemory && await within(limit, wait?.value) === "ok";
    return { sharedMemory, asyncWait };
  } finally {
    // Ends a wait that the thread did not.
    if (cell !== undefined) Atomics.notify(cell, 0);
    await within(limit, attempt(() => thread.stop()));
  }
}

function shareCell(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** The result of `action`, or nothing if it throws. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
