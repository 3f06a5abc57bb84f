import { forAsync } from "../../mod.ts";
import type { AsyncBus, OpenEventMap, ThreadOptions } from "../../mod.ts";
import { currentColumn } from "../runtimes/_table.ts";

/** Whether a thread that does not answer cannot be ended, or not so that one knows it. */
export const CANNOT_END = ["deno", "chromium"].includes(currentColumn());

/** A bus of tests: any type, any data. */
export type AnyBus = AsyncBus<OpenEventMap>;

/** How events cross here: `tests/threads_by_message` runs these tests without shared memory. */
export const TRANSPORT = typeof SharedArrayBuffer === "undefined" ? "messages" : "shared-memory";

/** A module of testdata/. */
export function moduleOf(name: string): URL {
  return new URL(`./testdata/${name}.ts`, import.meta.url);
}

/** Starts a module of testdata/ as a program would that bundles its modules. */
export function startWorker(name: string): unknown {
  if (typeof Worker === "function") return new Worker(moduleOf(name), { type: "module" });
  const { Worker: NodeWorker } = process.getBuiltinModule("node:worker_threads");
  return new NodeWorker(moduleOf(name));
}

/** Runs a test with a bus of two threads that run a module of testdata/, and closes it. */
export async function withBus(
  name: string,
  options: Partial<ThreadOptions>,
  test: (bus: AnyBus) => Promise<void>,
): Promise<void> {
  const bus = forAsync({ handlers: moduleOf(name), threads: 2, ...options });
  try {
    await test(bus);
  } finally {
    await bus.close();
  }
}

/** The data of the next `count` events that match. */
export function collect(bus: AnyBus, pattern: string, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  return new Promise((resolve) => {
    const subscription = bus.on(pattern, (event) => {
      seen.push(event.data);
      if (seen.length < count) return;
      subscription.unsubscribe();
      resolve(seen);
    });
  });
}
