// Does the runtime report that a thread has closed itself?
import { startThread } from "./_threads.ts";

const close = process.argv[2] === "web" ? "globalThis.close()" : "process.exit()";
const thread = startThread(`port.postMessage("ready"); setTimeout(() => ${close}, 50);`);
thread.onMessage(() => {});
setTimeout(() => {
  console.log("does not come");
  process.exit();
}, 2_000);
thread.onEnd(() => {
  console.log("works");
  // At once, as Bun reports it twice.
  process.exit();
});
