/** A thread as the tortures treat it. */
export interface Victim {
  terminate(): unknown;
}

/** Starts a thread with the handlers of the tortures, whatever threads there are. */
export function startWorker(): Victim {
  const module = new URL("./_torture_handlers.ts", import.meta.url);
  if (typeof Worker === "function") return new Worker(module, { type: "module" });
  const { Worker: NodeWorker } = process.getBuiltinModule("node:worker_threads");
  return new NodeWorker(module);
}
