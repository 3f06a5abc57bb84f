/**
 * The side of the measured bus that runs in a thread. Each handler adds what it gets.
 *
 * @module
 */
import { serve } from "../../src/engines/worker.ts";

serve<{ lent: Uint8Array; built: Uint8Array; json: { value: number } }>((bus) => {
  let sum = 0;
  bus.on("lent", ({ i32, offset, length }) => {
    const end = (offset + length) >> 2;
    let local = 0;
    for (let at = offset >> 2; at < end; at++) local += i32[at]!;
    sum += local;
  }, { zeroCopy: true });
  bus.on("built", (event) => void (sum += event.data[0]!));
  bus.on("json", (event) => void (sum += event.data.value));
  // So that nothing of it can be left out.
  return () => console.assert(!Number.isNaN(sum));
});
