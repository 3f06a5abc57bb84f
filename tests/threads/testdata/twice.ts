// A module that serves twice, and tells what came of it.
import { serve } from "../../../src/engines/worker.ts";

let refusal: Error | undefined;
serve((bus) => {
  bus.on("ask", () => bus.emit("told", `${refusal}`));
});
try {
  serve((bus) => {
    bus.on("ask", () => bus.emit("told", "the second"));
  });
} catch (error) {
  refusal = error as Error;
}
