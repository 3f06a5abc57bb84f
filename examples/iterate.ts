/**
 * Events as an async iterable: with `for await`, until a signal aborts, and as a stream.
 *
 * @module
 */

import { forSync } from "@beat/beat";

interface Sensors {
  "sensor.heat": number;
  "sensor.light": number;
}

const bus = forSync<Sensors>();

// Subscribed from this call on: what is emitted before the loop starts waits in a buffer.
const readings = bus.events("sensor.*");
bus.emit("sensor.heat", 20);
bus.emit("sensor.light", 300);
bus.emit("sensor.heat", 21);

let seen = 0;
for await (const { type, data } of readings) {
  console.log(type, data);
  // Leaving the loop ends the subscription.
  if (++seen === 3) break;
}
console.log("subscriptions left:", bus.stats().subscriptions);

// An aborted signal ends the loop after what is buffered.
const controller = new AbortController();
const heat = bus.events("sensor.heat", { signal: controller.signal });
bus.emit("sensor.heat", 22);
controller.abort();
for await (const { data } of heat) console.log("before the abort:", data);

// Every async iterable makes a stream, which ends when the bus closes.
const light = bus.events("sensor.light");
bus.emit("sensor.light", 400);
bus.emit("sensor.light", 500);
await bus.close();
const doubled = ReadableStream.from(light).pipeThrough(
  new TransformStream<{ data: number }, number>({
    transform: ({ data }, stream) => stream.enqueue(data * 2),
  }),
);
for await (const value of doubled) console.log("streamed:", value);
