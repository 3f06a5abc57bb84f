// What the threads of a torture do: check, answer, hop, pause, and die.
import { serve } from "../../src/engines/worker.ts";
import { checksum } from "./_checks.ts";
import type { Job } from "./_torture.ts";

serve((bus, { index }) => {
  const last = new Map<string, number>();

  bus.on("job", async ({ data, key, id }) => {
    const { number, bytes, sum, death, pause, hops } = data as Job;
    if (checksum(bytes) !== sum) bus.emit("broken", `${number} has a wrong checksum`);
    if (key !== undefined) {
      if (number <= (last.get(key) ?? -1)) bus.emit("broken", `${number} of ${key} came late`);
      last.set(key, number);
    }
    if (pause === "spin") { for (const end = performance.now() + 0.2; performance.now() < end;); }
    if (pause === "wait") await new Promise((resolve) => setTimeout(resolve, 1));
    if (death) process.exit(1);
    if (hops > 0) await bus.enqueue({ type: "hop", id: id!, data: { number, hops: hops - 1 } });
    else await bus.enqueue({ type: "done", data: number });
  });

  bus.on("hop", async ({ data, id }) => {
    const { number, hops } = data as { number: number; hops: number };
    if (hops > 0) await bus.enqueue({ type: "hop", id: id!, data: { number, hops: hops - 1 } });
    else await bus.enqueue({ type: "done", data: number });
  });

  bus.on("ping", () => bus.emit("pong", index));
});
