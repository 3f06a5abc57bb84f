// Handlers of batches, for tests of flow buses with threads.
import { serve } from "../../../src/engines/worker.ts";
import { die } from "./die.ts";

interface Item {
  /** What it is told by. */
  n: number;
  /** Milliseconds that its batch takes. */
  wait?: number;
  /** How it ends its thread. */
  exit?: "now" | "soon";
}

serve<Record<string, unknown> & { "item.*": Item }>((bus, { index }) => {
  const batches: number[][] = [];
  let underWay = 0;
  let most = 0;

  bus.onBatch("item.*", (events) => {
    const items = events.map(({ data }) => data as Item);
    batches.push(items.map(({ n }) => n));
    if (items.some(({ exit }) => exit === "now")) return die(3);
    if (items.some(({ exit }) => exit === "soon")) {
      setTimeout(() => {
        throw new Error("outside a handler");
      }, 5);
    }
    most = Math.max(most, underWay + 1);
    const wait = Math.max(...items.map(({ wait = 0 }) => wait));
    if (wait === 0) return;
    underWay++;
    return new Promise<void>((resolve) => {
      setTimeout(() => {
        underWay--;
        resolve();
      }, wait);
    });
  });

  // Tells what it begins with, before it waits: a thread may die of another shard's batch meanwhile.
  bus.onBatch("model.*", (events) => {
    const items = events.map(({ data }) => data as Item);
    if (items.some(({ exit }) => exit === "now")) return die(3);
    const wait = Math.max(...items.map(({ wait = 0 }) => wait));
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, wait));
    const begun = { type: "begun", data: { index, numbers: items.map(({ n }) => n) } };
    try {
      bus.emit(begun);
    } catch (error) {
      // Without shared memory an emit cannot wait until home has read a small ring.
      if ((error as Error).name !== "QueueFullError") throw error;
      return bus.enqueue(begun).then(pause);
    }
    if (wait > 0) return pause();
  });

  // Home hears of a failure at once: what is emitted it collects in batches, too.
  bus.onBatch("tell", () => {
    throw new RangeError("told");
  });
  bus.on("broken", ({ data }) => {
    throw new RangeError(`broken ${data}`);
  });
  bus.on("flood", ({ data }) => {
    let refused = 0;
    for (let i = 0; i < Number(data) || refused === 0; i++) {
      try {
        bus.emit("flooded", "x".repeat(200));
      } catch (error) {
        if ((error as Error).name === "QueueFullError") refused++;
      }
    }
    // Home takes some of it out of the ring meanwhile.
    return bus.enqueue({ type: "refused", data: refused });
  });
  bus.on("spin", ({ data }) => {
    for (const end = performance.now() + Number(data); performance.now() < end;);
  });
  let release = () => {};
  bus.on("hold", () => new Promise<void>((resolve) => release = resolve));
  bus.on("release", () => release());
  bus.on("release there", ({ data }) => bus.emit({ type: "release", key: String(data) }));
  bus.on("burst", ({ data }) => {
    bus.emitBatch(Array.from({ length: Number(data) }, (_, data) => ({ type: "pong", data })));
  });
  bus.on("for ever", () => {
    for (;;);
  });
  bus.on("twice", () => bus.emit("pong", index));
  bus.on("relay", ({ data }) => {
    const { key, n, wait } = data as { key: string; n: number; wait: number };
    bus.emit({ type: "item.relayed", data: { n, wait }, key });
  });
  bus.on("until closed", async () => {
    while (!bus.closed) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  bus.on("relay later", ({ data }) => {
    setTimeout(() => bus.emit({ type: "item.relayed", data: { n: 1 }, key: String(data) }), 20);
  });
  bus.on("report", () => {
    bus.emit("reported", { index, batches: batches.splice(0), most });
  });
});
