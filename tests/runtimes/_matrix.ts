import {
  askNode,
  askWeb,
  blobUrl,
  broadcast,
  bytes,
  cells,
  dataUrl,
  sendThroughPort,
  shared,
  waitForNotify,
  waitForSignal,
  watchClock,
} from "./_attempts.ts";
import { builtin, each, find, MISSING, Missing, type Row, THROWS } from "./_table.ts";

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
    capability: "AbortSignal.timeout",
    attempt: waitForSignal,
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
