/**
 * The thread of a flow bus that is measured with a handler of batches.
 *
 * @module
 */
import { serve } from "../../src/engines/worker.ts";

serve<{ batched: Uint8Array }>((bus) => {
  let sum = 0;
  bus.onBatch("batched", (events) => {
    for (const event of events) sum += event.data[0]!;
  });
  return () => console.assert(!Number.isNaN(sum));
});
