/**
 * Lanes: two threads read rows, and feed one bus that collects them in batches.
 *
 * @module
 */

import { isMainThread, Worker, workerData } from "node:worker_threads";
import { forFlow } from "@beat/beat";
import { attach, type LaneHandle, share } from "@beat/beat/lanes";

/** The events of the bus. */
interface Rows {
  "row.read": { id: number };
}

/** What a thread is given. */
interface Task {
  handle: LaneHandle;
  first: number;
}

const ROWS = 1_000;

if (isMainThread) {
  const bus = forFlow<Rows>({ batchSize: 100 });
  let count = 0;
  let sum = 0;
  bus.onBatch("row.read", (rows) => {
    count += rows.length;
    for (const { data } of rows) sum += data.id;
  });
  const handle = share(bus);
  const ends = [0, ROWS].map((first) => {
    const reader = new Worker(new URL(import.meta.url), { workerData: { handle, first } });
    return new Promise((resolve) => reader.once("exit", resolve));
  });
  await Promise.all(ends);
  await bus.drain();
  console.log(`${count} rows, and their ids come to ${sum}`);
} else {
  const { handle, first } = workerData as Task;
  const producer = attach<Rows>(handle);
  for (let id = first; id < first + ROWS; id++) producer.emit("row.read", { id });
  producer.close();
}
