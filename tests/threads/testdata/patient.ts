// A module that serves when all know what it subscribes.
import { serve } from "../../../src/engines/worker.ts";

serve(async (bus, { index }) => {
  await bus.on("ask", () => bus.emit("answer", index)).ready;
});
