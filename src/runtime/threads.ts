import { adoptNodeThread, nodePort, type NodeWorker, startNodeThread } from "./_node_thread.ts";
import { adoptWebThread, startWebThread, webPort } from "./_web_thread.ts";
import type { Driver, Thread, ThreadEvents, ThreadPort } from "./thread.ts";

/** The module of a thread, or what makes one: bundlers see `new Worker` only where it is written. */
export type ThreadSource = URL | (() => unknown);

/**
 * Starts a thread: with a Web `Worker` where there is one, else with `node:worker_threads`, unless
 * `driver` names one of them.
 *
 * @throws {TypeError} If there is no such driver here, or a function gives no `Worker`.
 */
export function startThread(source: ThreadSource, events: ThreadEvents, driver?: Driver): Thread {
  if (source instanceof URL) {
    const hasWebWorker = typeof Worker === "function";
    const start = (driver ?? (hasWebWorker ? "web-worker" : "")) === "web-worker"
      ? startWebThread
      : startNodeThread;
    return start(source, events);
  }
  const worker = source() as (Worker & NodeWorker) | undefined;
  if (typeof worker?.postMessage !== "function") {
    throw new TypeError("Cannot start a thread as 'handlers' must return a Worker");
  }
  return typeof worker.addEventListener === "function"
    ? adoptWebThread(worker, events)
    : adoptNodeThread(worker, events);
}

/** The port of this thread to the one that has started it; nothing if nobody has. */
export function ownPort(): ThreadPort | undefined {
  // In a thread that `node:worker_threads` has started on Deno and Bun both may exist.
  return nodePort() ?? webPort();
}
