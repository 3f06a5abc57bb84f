/**
 * The subject that sends bytes to a thread, for the meter of the heap: it waits without allocating.
 *
 * @module
 */
import { forAsync } from "../../mod.ts";
import { Layout, RING_HANDLED } from "../../src/ring/layout.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";

const SIZE = 16_384;
/** So many fit into the ring: to wait for room allocates a little, and is another matter. */
const CHUNK = 2_048;

/** Events of 64 B, of which the ring itself tells how many have been handled. */
export async function ourSends(): Promise<Work> {
  const handlers = new URL("./thread_handlers.ts", import.meta.url);
  const capacity = 2 ** 18;
  const bus = forAsync<{ lent: Uint8Array }>({
    handlers,
    threads: 1,
    capacity,
    blockTimeout: 60_000,
  });
  await bus.ready;
  let words: Int32Array = new Int32Array(1);
  bus.write("lent", 64, (bytes) => void (words = new Int32Array(bytes.buffer)));
  const handled = new Layout(1, capacity).ring(0, 1).words + RING_HANDLED;
  const event = { type: "lent" as const, data: new Uint8Array(64).fill(1) };
  while (bus.stats().depth > 0);
  const round = (emits: number) => {
    const before = Atomics.load(words, handled);
    for (let sent = 0; sent < emits; sent += CHUNK) {
      for (let i = 0; i < CHUNK; i++) bus.emit(event);
      const target = (before + sent + CHUNK) | 0;
      while (Atomics.load(words, handled) !== target);
    }
    note((Atomics.load(words, handled) - before) | 0);
  };
  return {
    opsPerRound: SIZE,
    run(rounds) {
      for (let i = 0; i < rounds; i++) round(SIZE);
    },
    idle: () => round(0),
  };
}
