// Does the process end while a thread blocks in Atomics.wait for ever?
import { startThread } from "./_threads.ts";

const cell = new Int32Array(new SharedArrayBuffer(4));
const thread = startThread(`
  port.onmessage = ({ data }) => {
    port.postMessage("blocked in a moment");
    Atomics.wait(new Int32Array(data), 0, 0);
  };`);
thread.onMessage(() =>
  setTimeout(() => {
    console.log("works");
    process.exit();
  }, 100)
);
thread.send(cell.buffer);
