// What the bus of a thread refuses, told to the bus.
import { serve } from "../../../src/engines/worker.ts";

function messageOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

serve((bus) => {
  const noStages = () => bus.stages([() => {}, 5 as never]);
  const atFirst = messageOf(noStages);
  const once = messageOf(() => bus.stages([]));
  const twice = messageOf(() => bus.stages([]));
  const batches = messageOf(() => bus.onBatch("a", () => {}).unsubscribe());
  const each = messageOf(() => bus.on("a", () => {}, { each: true }).unsubscribe());
  const whole = bus as unknown as Record<"stats" | "drain" | "close", () => unknown>;
  bus.on("end", () => {
    bus.emit("ended", (["stats", "drain", "close"] as const).map((name) => messageOf(whole[name])));
  });
  bus.on("misuse", () => {
    const later = messageOf(() => bus.stages([]));
    const { engine } = bus.capabilities;
    bus.emit("misused", { engine, atFirst, once, twice, later, batches, each });
  });
});
