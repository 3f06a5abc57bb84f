/**
 * A bus with a queue: `emit` returns before the handlers run, `enqueue` waits for room, `drain`
 * waits until all is done.
 *
 * @module
 */

import { forAsync, QueueFullError } from "@beat/beat";

const bus = forAsync<{ job: number }>({
  onError: (error) => console.log(`onError: ${error}`),
});
bus.on("job", (event) => {
  if (event.data === 2) throw new Error("job 2 failed");
  console.log("did job", event.data);
});

for (const job of [1, 2, 3]) bus.emit("job", job);
console.log("emitted, nothing done yet:", bus.stats().depth, "wait");
await bus.drain();
const { processed, failed } = bus.stats();
console.log(`drained: ${processed} processed, ${failed} failed\n`);

// Queues are bounded. Here the emitter is told that there is no room.
const small = forAsync<{ job: number }>({ capacity: 2, overflow: "error" });
small.on("job", (event) => console.log("did job", event.data));
try {
  for (const job of [1, 2, 3]) small.emit("job", job);
} catch (error) {
  if (error instanceof QueueFullError) console.log(error.message);
}

// `enqueue` waits instead.
for (const data of [4, 5, 6]) await small.enqueue({ type: "job", data });
await small.drain();

// Or the bus gives up the oldest ones, and says so.
const latest = forAsync<{ price: number }>({
  capacity: 1,
  overflow: "drop-oldest",
  onDrop: ({ type, reason, event }) => console.log(`dropped ${type} ${event?.data}: ${reason}`),
});
latest.on("price", (event) => console.log("the price is", event.data));
for (const price of [10, 11, 12]) latest.emit("price", price);
await latest.drain();
