// What the programs of this folder share: threads of both kinds.

/** A thread, whatever started it. */
export interface Thread {
  onMessage(listener: (data: unknown) => void): void;
  /** Calls once the runtime reports by itself that the thread has ended. */
  onEnd(listener: () => void): void;
  send(data: unknown): void;
  terminate(): unknown;
  /** Absent where the runtime has none. */
  unref: (() => void) | undefined;
}

interface NodeThread {
  on(name: string, listener: (data: unknown) => void): void;
  postMessage(data: unknown): void;
  terminate(): unknown;
  unref(): void;
}

interface NodeThreads {
  Worker: new (program: string, options: { eval: true }) => NodeThread;
}

/** Starts the thread that the second argument of the command asks for: "web" or "node". */
export function startThread(program: string): Thread {
  return process.argv[2] === "web" ? startWeb(program) : startNode(program);
}

function startWeb(program: string): Thread {
  if (!("Worker" in globalThis)) {
    console.log("is missing");
    process.exit();
  }
  const source = encodeURIComponent(`const port = globalThis; ${program}`);
  const worker = new Worker(`data:text/javascript,${source}`, { type: "module" });
  return {
    onMessage: (listener) => worker.onmessage = ({ data }) => listener(data),
    onEnd(listener) {
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        listener();
      });
      worker.addEventListener("close", listener);
    },
    send: (data) => worker.postMessage(data),
    terminate: () => worker.terminate(),
    unref: (worker as { unref?: () => void }).unref?.bind(worker),
  };
}

function startNode(program: string): Thread {
  const name = "node:worker_threads";
  const { Worker } = process.getBuiltinModule(name) as unknown as NodeThreads;
  const prelude = `const port = process.getBuiltinModule("${name}").parentPort;`;
  const worker = new Worker(`${prelude} ${program}`, { eval: true });
  return {
    onMessage: (listener) => worker.on("message", listener),
    onEnd(listener) {
      worker.on("error", listener);
      worker.on("exit", listener);
    },
    send: (data) => worker.postMessage(data),
    terminate: () => worker.terminate(),
    unref: () => worker.unref(),
  };
}
