/**
 * What becomes of errors: `emit` throws what handlers throw, after all of them have run; what a
 * promise rejects with goes to `onError`, and to the caller of `emitAsync`.
 *
 * @module
 */

import { BusClosedError, forSync } from "@beat/beat";

const bus = forSync({
  onError: (error, { event }) => console.log(`onError: ${error} on '${event.type}'`),
});

bus.on("one", () => {
  throw new Error("full disk");
});
bus.on("one", () => console.log("the others run all the same"));
report(() => bus.emit("one"));

bus.on("two", () => {
  throw new Error("first");
});
bus.on("two", () => {
  throw new Error("second");
});
report(() => bus.emit("two"));

// `emit` has returned when the promise rejects, so that nobody but `onError` can be told.
bus.on("later", async () => {
  await Promise.resolve();
  throw new Error("no answer");
});
bus.emit("later");

// `emitAsync` waits for the promises and rejects with their errors.
await bus.emitAsync("later").catch((error) => console.log(`emitAsync: ${error}`));

await bus.close();
report(() => bus.emit("one"));

function report(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    if (error instanceof AggregateError) console.log(`${error}: ${error.errors.join(", ")}`);
    else if (error instanceof BusClosedError) console.log(`closed: ${error.message}`);
    else console.log(`emit threw ${error}`);
  }
}
