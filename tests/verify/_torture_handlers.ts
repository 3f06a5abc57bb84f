// What the threads of a torture do: check, answer, hop, pause, and die.
import { serve } from "../../src/engines/worker.ts";
import { checksum } from "./_checks.ts";
import { sumOf } from "./_flood.ts";
import { measureHeap } from "./_types.ts";
import type { Job } from "./_torture.ts";
import type { Writing, Written } from "./_writers.ts";

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

  let flooded = 0;
  let lastFlooded = -1;
  bus.on("flood", ({ u8, i32, offset, length }) => {
    const number = i32[offset >> 2]!;
    if (number <= lastFlooded) bus.emit("broken", `${number} came after ${lastFlooded}`);
    if (i32[(offset >> 2) + 1] !== sumOf(u8, offset, length)) bus.emit("broken", `${number}`);
    lastFlooded = number;
    flooded++;
  }, { zeroCopy: true });
  bus.on("count flood", () => bus.emit("flooded", flooded));

  bus.on("write", async ({ data }) => {
    const { run, count, to } = data as Writing;
    let number = 0;
    const next = () => ({ type: "written", key: to, data: { run, number: number++ } });
    // Until somebody ends the thread.
    while (count < 0) {
      await bus.enqueue(next());
      if (number % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const batch: unknown[] = Array.from({ length: count }, next);
    // The thread dies while this is encoded: all before it is written, and nothing is published.
    batch.push({ type: "written", key: to, data: { toJSON: () => process.exit(1) } });
    bus.emitBatch(batch as { type: string; data: unknown }[]);
  });
  bus.on("written", async ({ data }) => await bus.enqueue({ type: "read", data: data as Written }));

  bus.on("poison", () => process.exit(1));
  bus.on("echo", async ({ data }) => await bus.enqueue({ type: "done", data }));

  bus.on("named.*", ({ data }) => {
    if (Number(data) % 10 === 0) return bus.enqueue({ type: `returned.${data}`, data });
  });
  bus.on("heap", async () => await bus.enqueue({ type: "heaped", data: await measureHeap() }));

  // Who does not know of the subscription finds nobody at home, and the answer is gone.
  bus.on("question", async ({ data }) => await bus.enqueue({ type: `answer.${data}`, data }));

  bus.on("ping", () => bus.emit("pong", index));
});
