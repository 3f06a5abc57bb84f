/**
 * The thread of a flow bus that is measured with a stage, and a handler of events.
 *
 * @module
 */
import { serve } from "../../src/engines/worker.ts";

serve<{ staged: Uint8Array }>((bus) => {
  let sum = 0;
  bus.stages([() => {}]);
  bus.on("staged", (event) => void (sum += event.data[0]!));
  return () => console.assert(!Number.isNaN(sum));
});
