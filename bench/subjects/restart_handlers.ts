/**
 * The side of the measured bus that runs in a thread, and dies in two ways.
 *
 * @module
 */
import process from "node:process";
import { serve } from "../../src/engines/worker.ts";

serve<{ exit: void; error: void; ask: void; answer: void }>((bus) => {
  bus.on("ask", () => bus.emit("answer"));
  bus.on("exit", () => process.exit(3));
  bus.on("error", () => {
    queueMicrotask(() => {
      throw new Error("on purpose");
    });
    // Until then the thread takes nothing else.
    return new Promise<void>(() => {});
  });
});
