import { isBrowser, isDeno } from "./runtime_name.ts";
import { within } from "./within.ts";
import type { Thread, ThreadEvents, ThreadPort } from "./thread.ts";

/** Milliseconds for the event that says that a terminated thread has gone. */
const TERMINATION = 1_000;

/** A Web `Worker`, with what only Bun's has. */
interface WebWorker extends Worker {
  unref?(): void;
}

interface WorkerScope {
  addEventListener(name: "message", listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  close(): void;
}

/** Starts a thread the way that the Web has. */
export function startWebThread(module: URL, events: ThreadEvents): Thread {
  return adoptWebThread(new Worker(module, { type: "module" }), events);
}

/** Makes a thread of a `Worker` that somebody else has started. */
export function adoptWebThread(worker: WebWorker, events: ThreadEvents): Thread {
  const { promise: closed, resolve } = Promise.withResolvers<boolean>();
  /** How many messages have come. */
  let heard = 0;
  worker.addEventListener("message", ({ data }) => {
    heard++;
    events.onMessage(data);
  });
  /** Ends when nothing comes any more: Deno's error overtakes what was posted before it. */
  const endQuietly = (before?: number) => {
    if (heard === before) events.onEnd();
    else setTimeout(endQuietly, 0, heard);
  };
  worker.addEventListener("error", (event) => {
    // Deno ends the process otherwise.
    event.preventDefault();
    const { error, message = "The module of the thread cannot be loaded" } = event;
    events.onError(error instanceof Error ? error : new Error(message));
    // On Deno this is the last thing that one hears; Bun goes on to "close". A browser's worker
    // lives on after an error, with nothing in it if its module could not be loaded.
    const isEmpty = isBrowser() && heard === 0;
    if (isEmpty) worker.terminate();
    if (isEmpty || isDeno()) endQuietly();
  });
  worker.addEventListener("messageerror", () => {
    events.onError(new TypeError("Cannot read a message of the thread as it cannot be cloned"));
  });
  // Bun alone has this event.
  worker.addEventListener("close", () => {
    resolve(true);
    events.onEnd();
  });
  return {
    send: (message, transfer = []) => worker.postMessage(message, transfer),
    unref: () => worker.unref?.(),
    async terminate() {
      worker.terminate();
      // Deno's thread may spin on, and a browser does not say when its thread has gone.
      if (worker.unref === undefined) return false;
      return await within(TERMINATION, closed) ?? false;
    },
  };
}

/** The port of this thread, if it is a Web `Worker`. */
export function webPort(): ThreadPort | undefined {
  const scope = globalThis as unknown as WorkerScope & { WorkerGlobalScope?: new () => unknown };
  if (scope.WorkerGlobalScope === undefined) return undefined;
  if (!(scope instanceof scope.WorkerGlobalScope)) return undefined;
  const close = scope.close.bind(scope);
  return {
    send: (message, transfer = []) => scope.postMessage(message, transfer),
    // Not `onmessage`: the module may have one of its own.
    listen: (onMessage) => scope.addEventListener("message", ({ data }) => onMessage(data)),
    close,
  };
}
