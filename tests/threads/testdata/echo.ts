// Handlers for tests of buses with threads.
import { serve } from "../../../src/engines/worker.ts";
import { die } from "./die.ts";

serve((bus, { index, threads }) => {
  bus.on("add", (event) => bus.emit("sum", (event.data as number) + 1));
  bus.on("who", () => bus.emit("me", [index, threads]));
  bus.on("fail", () => {
    throw new RangeError("the handler failed");
  });
  bus.on("die", () => die(3));
  bus.on("slow", async (event) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    bus.emit("slept", event.data);
  });
  bus.on("everybody", () => bus.emit("me", [index, threads]), { each: true });
});
