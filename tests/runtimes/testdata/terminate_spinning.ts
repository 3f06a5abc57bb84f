// Does terminate end a thread that never returns?
import { startThread } from "./_threads.ts";

const cell = new Int32Array(new SharedArrayBuffer(4));
const thread = startThread(`
  port.onmessage = ({ data }) => {
    const cell = new Int32Array(data);
    for (;;) Atomics.add(cell, 0, 1);
  };`);
thread.onEnd(() => {});
thread.send(cell.buffer);
while (Atomics.load(cell, 0) === 0) await sleep(5);
await thread.terminate();
await sleep(200);
const seen = Atomics.load(cell, 0);
await sleep(200);
console.log(Atomics.load(cell, 0) === seen ? "works" : "leaves it running");
process.exit();

function sleep(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}
