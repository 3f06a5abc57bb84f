// What a thread of this program finds out.
import { startThread } from "./_threads.ts";

const module = new URL("../../../src/runtime/capabilities.ts", import.meta.url);
const thread = startThread(`
  import("${module}")
    .then(({ capabilities }) => capabilities())
    .then((found) => port.postMessage(found));`);
thread.onEnd(() => {});
thread.onMessage((found) => {
  console.log(JSON.stringify(found));
  thread.terminate();
});
