// A handler that emits until it is refused.
import { serve } from "../../../src/engines/worker.ts";

serve((bus) => {
  bus.on("begin", async () => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      bus.emit("going on");
    }
  });
});
