// Does the process end while an idle thread of this kind is there?
import { startThread } from "./_threads.ts";

const thread = startThread(`port.onmessage = () => {}; port.postMessage("ready");`);
thread.onMessage(() => {
  if (thread.unref === undefined) {
    console.log("is missing");
    process.exit();
  }
  thread.unref();
  console.log("works");
  // Only a process that lives on gets here, as this timer does not hold it.
  setTimeout(() => {
    console.log("holds the process");
    process.exit();
  }, 2_000).unref();
});
