import type { OutboxOptions } from "./outbox.ts";

/** What the thread of the bus tells a thread that it has started. */
export interface WorkerOptions extends OutboxOptions {
  concurrency: number;
  park: "async" | "block";
  stallTimeout: number;
  /** Which start of this thread it is: what a stop names. */
  generation: number;
}
