// A thread that tells what it does at its end, and waits to be told to go on.
import { serve } from "../../../src/engines/worker.ts";

const channel = new BroadcastChannel("beat.ends");

/** Tells something, and waits for the answer. */
function tell(word: string): Promise<void> {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data === `after ${word}`) resolve();
    };
    channel.postMessage(word);
  });
}

serve((bus) => {
  bus.on("work", async ({ data }) => {
    await tell("works");
    // By then the thread has heard that it is to end.
    while (!bus.closed) await new Promise((resolve) => setTimeout(resolve, 1));
    await tell("has worked");
    if (data === "fail") throw new RangeError("failed at the end");
  });
  return async () => {
    await tell("cleans up");
    channel.close();
    throw new TypeError("the end failed, too");
  };
});
