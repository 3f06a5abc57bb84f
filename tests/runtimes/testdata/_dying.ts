// A thread that dies as it is told.
import { ownPort } from "../../../src/runtime/threads.ts";

const port = ownPort()!;
port.listen((cause) => {
  if (cause === "throw") setTimeout(() => fail(), 0);
  if (cause === "reject") void Promise.reject(new Error("rejected on purpose"));
  if (cause === "exit") process.exit(3);
  if (cause === "close") (globalThis as { close?(): void }).close?.();
  if (cause === "memory") fillMemory();
});
port.send("ready");

function fillMemory(): never {
  for (const held: unknown[] = [];;) held.push(new Array(10_000).fill(held.length));
}

function fail(): never {
  throw new Error("thrown on purpose");
}
