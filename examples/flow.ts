/**
 * A bus with stages: lines of a log are collected in batches, parsed and cleaned in stages, and
 * stored batch by batch.
 *
 * @module
 */

import { forFlow } from "@beat/beat";

interface Reading {
  sensor: string;
  celsius: number;
}

const bus = forFlow<{ line: string; reading: Reading }>({
  batchSize: 4,
  batchTimeout: 50,
  stages: [
    // A stage gets the events of a batch and returns those that go on.
    (events) =>
      events.map((event) => {
        if (event.type !== "line") return event;
        const [sensor, celsius] = event.data.split("=");
        if (celsius === "?") throw new Error(`the batch of ${event.data} is broken`);
        return { type: "reading", data: { sensor, celsius: Number(celsius) } };
      }),
    // It may be asynchronous: the next batch waits for it.
    async (events) => {
      await Promise.resolve();
      return events.filter(({ type, data }) => type !== "reading" || !Number.isNaN(data.celsius));
    },
  ],
  onError: (error, { stage, events }) => console.log(`stage ${stage}, ${events?.length}: ${error}`),
});

bus.on("reading", (event) => {
  if (event.data.celsius > 30) console.log("hot:", event.data.sensor);
});
bus.onBatch("reading", (events) => {
  console.log("stored", events.map(({ data }) => `${data.sensor} ${data.celsius}`).join(", "));
});

for (const line of ["a=20.5", "b=31", "c=none", "a=21", "b=?", "c=19"]) bus.emit("line", line);
await bus.flush();

bus.emit("line", "a=22");
await bus.drain();
const { batches } = bus.batchStats();
const { processed, failed } = bus.stats();
console.log(`${processed} processed in ${batches} batches, ${failed} failed`);
