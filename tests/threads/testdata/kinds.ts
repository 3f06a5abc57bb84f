// Handlers of every kind, for tests of buses with threads.
import { serve } from "../../../src/engines/worker.ts";
import type { BusEvent } from "../../../mod.ts";
import { die } from "./die.ts";
import { meet } from "./meet.ts";

const wait = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

serve((bus, { index, threads }) => {
  let held: BusEvent | undefined;
  let running = 0;
  let most = 0;
  const order: unknown[] = [];

  bus.on("fields", ({ type, data, key, id, source, metadata, timestamp }) => {
    bus.emit("seen", { type, data, key, id, source, metadata, timestamp });
  });
  bus.on("value", ({ data }) => {
    const shown = data instanceof Uint8Array ? { bytes: [...data] } : { value: data };
    bus.emit("seen", { kind: typeof data, ...shown });
  });
  bus.on("keyed", ({ key, data }) => bus.emit("seen", { key, data, index }));
  bus.on("each", () => bus.emit("seen", index), { each: true });
  bus.on("both", () => bus.emit("seen", ["each", index]), { each: true });
  bus.on("both", () => bus.emit("seen", ["one", index]));
  bus.on("silent", () => {}, { each: true });
  bus.on("each bytes", ({ data }) => bus.emit("seen", [index, ...data as Uint8Array]), {
    each: true,
  });
  bus.on("typed.*", ({ type }) => bus.emit(type.replace("typed", "back"), type));

  bus.on("cursor", ({ u8, i32, offset, length }) => {
    let sum = 0;
    for (let at = offset; at < offset + length; at++) sum += u8[at];
    bus.emit("seen", { sum, length, isAligned: offset % 4 === 0, first: i32[offset >> 2] });
  }, { zeroCopy: true });
  bus.on("late cursor", () => Promise.resolve(), { zeroCopy: true });

  bus.on("untouched", (event) => held = event);
  bus.on("touch", () => {
    try {
      bus.emit("seen", String(held!.data));
    } catch (error) {
      bus.emit("seen", (error as Error).message);
    }
  });
  bus.on("after promise", async (event) => {
    await wait(1);
    bus.emit({ type: "seen", data: event.data });
  });

  bus.on("overlap", async ({ data }) => {
    most = Math.max(most, ++running);
    order.push(data);
    await wait(2);
    running--;
  });
  bus.on("overlapped", () => bus.emit("seen", { most, order }));

  bus.on("hold", async ({ data }) => {
    // By then the thread has let go of what came before.
    await wait(1);
    bus.emit("held");
    await wait(Number(data));
  });
  bus.on("linger", ({ data }) => wait(Number(data)));
  bus.on("linger later", ({ data }) => void setTimeout(() => bus.emit("linger", data), 20));
  bus.on("spin", ({ data }) => {
    for (const end = performance.now() + Number(data); performance.now() < end;);
  });
  bus.on("flood", async ({ data }) => {
    let refused = 0;
    // The thread of the bus may keep up for a while.
    for (let i = 0; i < Number(data) || refused === 0; i++) {
      try {
        bus.emit({ type: "flooded", data: new Uint8Array(256) });
      } catch (error) {
        if ((error as Error).name === "QueueFullError") refused++;
      }
    }
    // The thread of the bus takes some of it out of the ring meanwhile.
    await bus.enqueue({ type: "seen", data: refused });
  });
  bus.on("relay", async ({ data }) => {
    for (let i = 0; i < Number(data); i++) await bus.enqueue({ type: "relayed", data: i });
  });
  let refusals = 0;
  const countRefusal = (error: Error) => {
    if (error.name !== "QueueFullError") throw error;
    refusals++;
  };
  // Both answer each event with two: their rings to each other are full before long.
  bus.on("volley", ({ type, key, data }) => {
    const { back, left } = data as { back: string; left: number };
    for (let i = 0; i < 2 && left > 0; i++) {
      try {
        bus.emit({ type, key: back, data: { back: key, left: left - 1 } });
      } catch (error) {
        countRefusal(error as Error);
      }
    }
  });
  bus.on("patient volley", async ({ type, key, data }) => {
    const { back, left } = data as { back: string; left: number };
    for (let i = 0; i < 2 && left > 0; i++) {
      const event = { type, key: back, data: { back: key, left: left - 1 } };
      await bus.enqueue(event, { timeout: 2 }).catch(countRefusal);
    }
  });
  bus.on("subscribe much", async ({ key, data }) => {
    await meet();
    for (let i = 0; i < 40; i++) bus.on(`much.${index}.${i}`, () => {});
    // Larger than what the notes may have left free.
    await bus.enqueue({ type: "much", key: String(data), data: key!.padEnd(150) });
  });
  bus.on("much", async ({ key }) => await bus.enqueue({ type: "seen", data: key }));
  bus.on("refusals", async () => await bus.enqueue({ type: "seen", data: refusals }));
  bus.on("hop", async ({ data }) => await bus.enqueue({ type: "landed", data }));
  bus.on("landed", async ({ data }) => await bus.enqueue({ type: "seen", data }));
  bus.on("ask", () => bus.emit("answer.me", [index, threads]));
  bus.on("chain", ({ data }) => {
    if (Number(data) > 0) bus.emit("chain", Number(data) - 1);
    else bus.emit("seen", "end");
  });
  bus.on("late", async () => {
    await bus.on("sometime", () => bus.emit("seen", index)).ready;
    bus.emit("seen", "ready");
  });
  bus.on("throw", ({ data }) => {
    throw new RangeError(`thrown ${data}`);
  });
  bus.on("reject", () => Promise.reject(new SyntaxError("rejected")));
  bus.on("fault", () => void setTimeout(() => failOnPurpose(), 0));
  bus.on("exit", () => die(3));
  bus.on("close", () => (globalThis as { close?(): void }).close?.());
  bus.on("exit soon", () => void setTimeout(() => void die(0), 1));
  bus.on("burst", ({ data }) => {
    bus.emitBatch(Array.from({ length: Number(data) }, (_, data) => ({ type: "seen", data })));
  });
  bus.on("emit and exit", () => {
    bus.emitBatch(Array.from({ length: 10 }, (_, data) => ({ type: "seen", data })));
    return die(0);
  });
  bus.on("emit and fault", ({ data }) => {
    setTimeout(() => {
      for (let i = 0; i < Number(data); i++) bus.emit("seen", i);
      failOnPurpose();
    });
  });
  bus.on("fill memory", () => {
    for (const held: unknown[] = [];;) held.push(new Array(10_000).fill(held.length));
  });
  bus.on("for ever", async () => {
    bus.emit("begun");
    // Without shared memory nothing leaves a thread that does not let its event loop turn.
    await wait(1);
    for (;;);
  });
  return () => bus.closed;
});

function failOnPurpose(): never {
  throw new TypeError("outside a handler");
}
