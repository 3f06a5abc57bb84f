/** The longer attempts of the matrix: what takes a thread, a channel or time. */
import { scheduleMacrotask } from "../../src/runtime/macrotask.ts";
import { builtin, find } from "./_table.ts";

/** Milliseconds that a thread may take to answer. */
const ANSWER_LIMIT = 10_000;

// Answers "memory" when it is sent some, else what it is sent.
const ECHO = `
port.onmessage = ({ data }) => {
  if (typeof data === "string") return port.postMessage(data);
  Atomics.add(new Int32Array(data), 0, 1);
  port.postMessage("memory");
};`;
const WEB_ECHO = `const port = globalThis;${ECHO}`;
const NODE_ECHO = `const port = process.getBuiltinModule("node:worker_threads").parentPort;${ECHO}`;

/** Shared memory of so many bytes. */
export function shared(length: number): SharedArrayBuffer {
  return new (find("SharedArrayBuffer"))(length);
}

/** One cell of shared memory. */
export function cells(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(shared(4));
}

/** Shared memory, typed as what takes no shared memory says that it takes. */
export function bytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(shared(8)) as unknown as Uint8Array<ArrayBuffer>;
}

/** A program as the URL of a blob. */
export function blobUrl(program: string): string {
  return URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
}

/** A program as a URL that holds it. */
export function dataUrl(program: string): string {
  return `data:text/javascript,${encodeURIComponent(program)}`;
}

/** Resolves as `answer` does, or with "never answers". */
async function inTime(answer: Promise<string | void>): Promise<string | void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("never answers"), ANSWER_LIMIT);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends shared memory through a channel of this thread. */
export async function sendThroughPort(): Promise<string | void> {
  const { port1, port2 } = new MessageChannel();
  try {
    return await inTime(
      new Promise<void>((resolve) => {
        port1.onmessage = () => resolve();
        port2.postMessage(shared(4));
      }),
    );
  } finally {
    port1.close();
  }
}

/** Waits asynchronously until it is notified by itself. */
export async function waitForNotify(): Promise<string | void> {
  const memory = cells();
  const wait = find("Atomics.waitAsync")(memory, 0, 0) as { value: Promise<string> };
  let heard: string | undefined;
  wait.value.then(() => {
    try {
      clearTimeout(setTimeout(() => {}, 0));
      heard = "";
    } catch {
      heard = "resolves outside the request";
    }
  });
  Atomics.notify(memory, 0);
  // Looked at, not awaited: in workerd a request that awaits it is lost.
  for (let turn = 0; heard === undefined && turn < 1_000; turn++) {
    await new Promise<void>(scheduleMacrotask);
  }
  if (heard === undefined) return "never resolves";
  if (heard !== "") return heard;
}

/** Asks a `Worker` of the Web for an answer to `message`. */
export async function askWeb(
  makeUrl: (program: string) => string,
  message: string | SharedArrayBuffer,
): Promise<string | void> {
  const Worker = find("Worker");
  const url = makeUrl(WEB_ECHO);
  const worker: Worker = new Worker(url, { type: "module" });
  try {
    return await inTime(
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          // What is sent last tells whether what was sent first got lost.
          if (data === "last" && typeof message !== "string") resolve("is lost");
          else resolve();
        };
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
        worker.postMessage(message);
        worker.postMessage("last");
      }),
    );
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

/** Asks a thread of node:worker_threads for an answer to `message`. */
export async function askNode(message: string | SharedArrayBuffer): Promise<string | void> {
  const { Worker } = builtin("node:worker_threads");
  const worker = new Worker(NODE_ECHO, { eval: true });
  try {
    return await inTime(
      new Promise<void>((resolve, reject) => {
        worker.on("message", () => resolve());
        worker.on("error", reject);
        worker.postMessage(message);
      }),
    );
  } finally {
    await worker.terminate();
  }
}

/** Sends a text from one channel of a name to another. */
export async function broadcast(): Promise<string | void> {
  const [sender, receiver] = ["matrix", "matrix"].map((name) =>
    new (find("BroadcastChannel"))(name)
  );
  try {
    return await inTime(
      new Promise<void>((resolve) => {
        receiver.onmessage = () => resolve();
        sender.postMessage("text");
      }),
    );
  } finally {
    sender.close();
    receiver.close();
  }
}

/** Waits for a signal with a time-out, by timers that hold the process as the signal may not. */
export async function waitForSignal(): Promise<string | void> {
  const signal: AbortSignal = find("AbortSignal.timeout").call(AbortSignal, 1);
  for (let turn = 0; !signal.aborted && turn < 1_000; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (!signal.aborted) return "never aborts";
}

/** Tells whether the clock moves while code runs. */
export function watchClock(): string | void {
  const started = performance.now();
  for (let round = 0; round < 20_000_000; round++) {
    // Seldom, as looking at the clock is slow.
    if (round % 1_000 === 0 && performance.now() > started) return;
  }
  return "stands still";
}
