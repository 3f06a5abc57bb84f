/**
 * The side of the measured bus that runs in a thread. Each handler adds what it gets.
 *
 * @module
 */
import { serve } from "../../src/engines/worker.ts";
import { labour } from "./labour.ts";

interface Events {
  lent: Uint8Array;
  built: Uint8Array;
  json: { value: number };
  job: Uint8Array;
  ping: Uint8Array;
}

serve<Events>((bus) => {
  let sum = 0;
  bus.on("lent", ({ i32, offset, length }) => {
    const end = (offset + length) >> 2;
    let local = 0;
    for (let at = offset >> 2; at < end; at++) local += i32[at]!;
    sum += local;
  }, { zeroCopy: true });
  bus.on("built", (event) => void (sum += event.data[0]!));
  bus.on("json", (event) => void (sum += event.data.value));
  bus.on("job", ({ i32, offset }) => void (sum ^= labour(i32[offset >> 2]!)), { zeroCopy: true });
  // Home looks at the very word that it has written.
  bus.on("ping", ({ i32, offset }) => void Atomics.store(i32, offset >> 2, 1), { zeroCopy: true });
  // So that nothing of it can be left out.
  return () => console.assert(!Number.isNaN(sum));
});
