/** A thread that was started to see whether one can be had. */
export interface ProbeThread {
  /** Resolves when the thread answers, rejects when it fails. */
  readonly answered: Promise<true>;
  /** Sends shared memory, whose first 32 bits become 1, or a text, which is answered. */
  send(message: SharedArrayBuffer | string): void;
  /** Stops the thread, and resolves when it has gone. */
  stop(): Promise<unknown>;
}

/** Starts a thread; throws where there are none of this kind. */
export type StartThread = () => ProbeThread;

interface WorkerThread {
  on(name: "message" | "error" | "exit", listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
}

interface WorkerThreads {
  Worker: new (source: string, options: { eval: true; execArgv: string[] }) => WorkerThread;
}

interface ProcessLike {
  getBuiltinModule(name: "node:worker_threads"): WorkerThreads;
}

// No text is compiled here, but a thread needs a program, and a file of its own would need a
// permission on Deno and a place in every bundle.
const PROGRAM = `
port.onmessage = ({ data }) => {
  if (typeof data === "string") return port.postMessage(data);
  const cell = new Int32Array(data);
  Atomics.store(cell, 0, 1);
  Atomics.notify(cell, 0);
};`;

/** Starts a thread the way that the Web has: in Deno, Bun and browsers. */
export function startWebWorker(): ProbeThread {
  const program = new Blob([`const port = globalThis;${PROGRAM}`], { type: "text/javascript" });
  // Not a "data:" URL: the security policies of pages forbid that more often.
  const url = URL.createObjectURL(program);
  let worker: Worker;
  try {
    worker = new Worker(url, { type: "module" });
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
  const { promise: answered, resolve, reject } = Promise.withResolvers<true>();
  worker.onmessage = () => resolve(true);
  worker.onerror = (event) => {
    // Deno ends the process otherwise.
    event.preventDefault();
    reject(event);
  };
  return {
    answered,
    send: (message) => worker.postMessage(message),
    stop() {
      worker.terminate();
      URL.revokeObjectURL(url);
      return Promise.resolve();
    },
  };
}

/** Starts a thread the way that Node has. */
export function startWorkerThread(): ProbeThread {
  const { process } = globalThis as unknown as { process: ProcessLike };
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const program =
    `const port = process.getBuiltinModule("node:worker_threads").parentPort;${PROGRAM}`;
  // Without `execArgv` the thread would run all that the program preloads.
  const worker = new Worker(program, { eval: true, execArgv: [] });
  const { promise: answered, resolve, reject } = Promise.withResolvers<true>();
  worker.on("message", () => resolve(true));
  worker.on("error", reject);
  worker.on("exit", reject);
  return {
    answered,
    send: (message) => worker.postMessage(message),
    stop: () => worker.terminate(),
  };
}
