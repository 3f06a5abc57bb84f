// Handlers that wait until all know what they have subscribed.
import { serve } from "../../../src/engines/worker.ts";
import { meet } from "./meet.ts";

serve((bus) => {
  bus.on("filled", () => {});
  bus.on("hold", async ({ data }) => {
    await bus.enqueue({ type: "held", data });
    // Without shared memory nothing leaves a thread that does not let its event loop turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (const end = performance.now() + Number(data); performance.now() < end;);
  });
  bus.on("subscribe", async () => {
    const { ready } = bus.on("sometime", () => {});
    await bus.enqueue({ type: "subscribed", data: undefined });
    await ready;
  });
  bus.on("greet", ({ data }) => bus.enqueue({ type: "greeted", key: String(data), data }));
  bus.on("greeted", async () => await bus.enqueue({ type: "seen", data: "greeted" }));
  bus.on("late", async () => {
    await bus.on("sometime", () => {}).ready;
    await bus.enqueue({ type: "seen", data: "ready" });
  });
  bus.on("fill and wait", async ({ data }) => {
    await meet();
    for (let isFull = false; !isFull;) {
      try {
        bus.emit({ type: "filled", key: String(data), data: undefined });
      } catch (error) {
        isFull = (error as Error).name === "QueueFullError";
        if (!isFull) throw error;
      }
    }
    // Larger than what the events may have left free.
    const outcome = await bus.on("sometime".padEnd(100, "x"), () => {}).ready
      .then(() => "ready", (error) => error.name);
    await bus.enqueue({ type: "seen", data: outcome });
  });
});
