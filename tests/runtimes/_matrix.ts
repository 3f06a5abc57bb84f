import { scheduleMacrotask } from "../../src/runtime/macrotask.ts";
import { builtin, each, find, MISSING, Missing, type Row, THROWS } from "./_table.ts";

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

const NODES = ["node22", "node24", "node26"] as const;
/** Where there is no `Worker` of the Web. */
const NO_WEB_WORKER = each([...NODES, "workerd"], MISSING);

/** What is tried within one thread and with threads that it starts. */
export const MATRIX: Row[] = [
  {
    capability: "SharedArrayBuffer",
    attempt: () => must(shared(8).byteLength === 8),
  },
  {
    capability: "a growable SharedArrayBuffer",
    attempt() {
      const buffer = new (find("SharedArrayBuffer"))(8, { maxByteLength: 16 });
      buffer.grow(16);
      must(buffer.byteLength === 16);
    },
  },
  {
    capability: "a SharedArrayBuffer through a MessagePort",
    attempt: sendThroughPort,
    except: { workerd: THROWS },
  },
  {
    capability: "Atomics.wait on the main thread",
    attempt: () => must(find("Atomics.wait")(cells(), 0, 0, 1) === "timed-out"),
    except: { workerd: THROWS, chromium: THROWS },
  },
  {
    capability: "Atomics.waitAsync",
    attempt: waitForNotify,
    except: { workerd: "resolves outside the request" },
  },
  {
    capability: "Atomics.pause",
    attempt: () => find("Atomics.pause")(),
    except: { node22: MISSING },
  },
  {
    capability: "a Worker from a blob: URL",
    attempt: () => askWeb(blobUrl, "text"),
    except: NO_WEB_WORKER,
  },
  {
    capability: "shared memory in a Worker from a blob: URL",
    attempt: () => askWeb(blobUrl, shared(4)),
    except: NO_WEB_WORKER,
  },
  {
    capability: "a Worker from a data: URL",
    attempt: () => askWeb(dataUrl, "text"),
    except: NO_WEB_WORKER,
  },
  {
    capability: "shared memory in a Worker from a data: URL",
    attempt: () => askWeb(dataUrl, shared(4)),
    except: NO_WEB_WORKER,
  },
  {
    capability: "a thread of node:worker_threads",
    attempt: () => askNode("text"),
    except: { workerd: THROWS, chromium: MISSING },
  },
  {
    capability: "shared memory in a thread of node:worker_threads",
    attempt: () => askNode(shared(4)),
    except: { workerd: THROWS, chromium: MISSING },
  },
  {
    capability: "BroadcastChannel",
    attempt: broadcast,
    except: { workerd: MISSING },
  },
  {
    capability: "a clock that goes on while code runs",
    attempt: watchClock,
  },
  {
    capability: "setImmediate",
    attempt: () => new Promise<void>((resolve) => find("setImmediate")(resolve)),
    except: { chromium: MISSING },
  },
  {
    capability: "new Function",
    attempt: () => must(new Function("return 1")() === 1),
    except: { workerd: THROWS },
  },
  {
    capability: "Symbol.dispose",
    attempt: () => void find("Symbol.dispose"),
  },
  {
    capability: "Symbol.asyncDispose",
    attempt: () => void find("Symbol.asyncDispose"),
  },
  {
    capability: "DisposableStack",
    attempt: () => new (find("DisposableStack"))(),
    except: { node22: MISSING },
  },
  {
    capability: "Promise.withResolvers",
    attempt: () => find("Promise.withResolvers").call(Promise),
  },
  {
    capability: "Promise.try",
    attempt: () => find("Promise.try").call(Promise, () => {}),
    except: { node22: MISSING },
  },
  {
    capability: "Array.fromAsync",
    attempt: () => find("Array.fromAsync").call(Array, [1]),
  },
  {
    capability: "Iterator.prototype.map",
    attempt: () => find("Iterator.prototype.map").call([1].values(), (value: number) => value),
  },
  {
    capability: "Error.isError",
    attempt: () => must(find("Error.isError")(new Error())),
    except: { node22: MISSING },
  },
  {
    capability: "RegExp.escape",
    attempt: () => void find("RegExp.escape")("."),
    except: { node22: MISSING },
  },
  {
    capability: "Uint8Array.fromBase64",
    attempt: () => find("Uint8Array.fromBase64").call(Uint8Array, "AA=="),
    except: { node22: MISSING, node24: MISSING },
  },
  {
    capability: "Temporal",
    attempt: () => find("Temporal.Now").instant(),
    except: { node22: MISSING, node24: MISSING, workerd: MISSING },
  },
  {
    capability: "AbortSignal.any",
    attempt: () => must(find("AbortSignal.any").call(AbortSignal, [AbortSignal.abort()]).aborted),
  },
  {
    capability: "CustomEvent",
    attempt: () => must(new (find("CustomEvent"))("type", { detail: 1 }).detail === 1),
  },
  {
    capability: "ReadableStream.from",
    attempt: () => find("ReadableStream.from").call(ReadableStream, [1]).cancel(),
    except: { chromium: MISSING },
  },
  {
    capability: "reportError",
    attempt: () => void find("reportError"),
    except: each(NODES, MISSING),
  },
  {
    capability: "navigator.hardwareConcurrency",
    attempt: () => must(find("navigator.hardwareConcurrency") >= 1),
  },
  {
    capability: "TextEncoder.encodeInto shared memory",
    attempt: () => must(new TextEncoder().encodeInto("ab", bytes()).written === 2),
    except: { chromium: THROWS },
  },
  {
    capability: "TextDecoder.decode of shared memory",
    attempt: () => must(new TextDecoder().decode(bytes()).length === 8),
    except: { chromium: THROWS },
  },
  {
    capability: "crypto.getRandomValues into shared memory",
    attempt: () => void crypto.getRandomValues(bytes()),
    except: { chromium: THROWS },
  },
  {
    capability: "crypto.subtle.timingSafeEqual",
    attempt: () => must(find("crypto.subtle").timingSafeEqual?.(bytes(), bytes()) ?? absent()),
    except: each(["deno", "bun", ...NODES, "chromium"], MISSING),
  },
  {
    capability: "timingSafeEqual of node:crypto",
    attempt: () =>
      must(builtin("node:crypto").timingSafeEqual(new Uint8Array(1), new Uint8Array(1))),
    except: { chromium: MISSING },
  },
  {
    capability: "AsyncLocalStorage of node:async_hooks",
    attempt() {
      const storage = new (builtin("node:async_hooks").AsyncLocalStorage)();
      must(storage.run(1, () => storage.getStore()) === 1);
    },
    except: { chromium: MISSING },
  },
];

function must(holds: boolean): void {
  if (!holds) throw new Error("It is there, and does something else");
}

function absent(): never {
  throw new Missing();
}

function shared(length: number): SharedArrayBuffer {
  return new (find("SharedArrayBuffer"))(length);
}

function cells(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(shared(4));
}

/** Shared memory, typed as what takes no shared memory says that it takes. */
function bytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(shared(8)) as unknown as Uint8Array<ArrayBuffer>;
}

function blobUrl(program: string): string {
  return URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
}

function dataUrl(program: string): string {
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

async function sendThroughPort(): Promise<string | void> {
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

async function waitForNotify(): Promise<string | void> {
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

async function askWeb(
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

async function askNode(message: string | SharedArrayBuffer): Promise<string | void> {
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

async function broadcast(): Promise<string | void> {
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

function watchClock(): string | void {
  const started = performance.now();
  for (let round = 0; round < 20_000_000; round++) {
    // Seldom, as looking at the clock is slow.
    if (round % 1_000 === 0 && performance.now() > started) return;
  }
  return "stands still";
}
