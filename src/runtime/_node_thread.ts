import { isDeno } from "./runtime_name.ts";
import type { Thread, ThreadEvents, ThreadPort } from "./thread.ts";

/** A thread of `node:worker_threads`, as far as it is used. */
export interface NodeWorker {
  on(name: "message" | "error" | "exit" | "messageerror", listener: (value: never) => void): void;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  terminate(): Promise<unknown>;
  unref(): void;
}

interface ParentPort {
  on(name: "message", listener: (data: unknown) => void): void;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  close?(): void;
}

interface WorkerThreads {
  Worker: new (module: URL) => NodeWorker;
  parentPort: ParentPort | null;
}

interface ProcessLike {
  getBuiltinModule?(name: "node:worker_threads"): WorkerThreads | undefined;
}

function workerThreads(): WorkerThreads | undefined {
  const { process } = globalThis as unknown as { process?: ProcessLike };
  return process?.getBuiltinModule?.("node:worker_threads");
}

/** Starts a thread the way that Node has. */
export function startNodeThread(module: URL, events: ThreadEvents): Thread {
  const threads = workerThreads();
  if (threads === undefined) throw new TypeError("Cannot start a thread as there are none");
  return adoptNodeThread(new threads.Worker(module), events);
}

/** Makes a thread of a `Worker` of Node that somebody else has started. */
export function adoptNodeThread(worker: NodeWorker, events: ThreadEvents): Thread {
  worker.on("message", events.onMessage);
  worker.on("error", (error: unknown) => {
    const { message = error } = Object(error) as { message?: unknown };
    events.onError(error instanceof Error ? error : new Error(String(message)));
  });
  worker.on("messageerror", events.onError);
  let isTerminated = false;
  worker.on("exit", () => {
    // Deno's event comes although a thread that was terminated goes on.
    if (!(isTerminated && isDeno())) events.onEnd();
  });
  return {
    send: (message, transfer = []) => worker.postMessage(message, transfer),
    unref: () => worker.unref(),
    async terminate() {
      isTerminated = true;
      await worker.terminate();
      return !isDeno();
    },
  };
}

/** The port of this thread, if it is one of Node. */
export function nodePort(): ThreadPort | undefined {
  const port = workerThreads()?.parentPort;
  if (!port) return undefined;
  return {
    send: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (onMessage) => port.on("message", onMessage),
    // Deno has none: its thread ends when the other side lets go.
    close: () => port.close?.(),
  };
}
