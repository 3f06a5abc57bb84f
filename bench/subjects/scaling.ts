/**
 * Subjects whose handlers take a known time, at home and in threads.
 *
 * @module
 */
import { setImmediate, setTimeout } from "node:timers";
import { forAsync } from "../../mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { labour, turnsOfMicrosecond } from "./labour.ts";

/** Milliseconds of handlers in a round, of one thread. */
const ROUND_MS = 20;
/** Events of a round, where handlers take no time. */
const MOST = 20_000;

/** How many events make a round, and how many turns each handler does. */
function plan(microseconds: number): { size: number; turns: number } {
  if (microseconds === 0) return { size: MOST, turns: 0 };
  const turns = Math.round(turnsOfMicrosecond() * microseconds);
  return { size: Math.min(MOST, ROUND_MS * 1_000 / microseconds), turns };
}

/** The handlers in the thread that emits, from the queue. */
export function handleAtHome(microseconds: number): Work {
  const { size, turns } = plan(microseconds);
  const bus = forAsync<{ job: number }>();
  const event = { type: "job" as const, data: turns };
  let sum = 0;
  let left = 0;
  let end = () => {};
  bus.on("job", ({ data }) => {
    sum ^= labour(data);
    note(1);
    if (--left === 0) end();
  });
  return {
    opsPerRound: size,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        const ended = new Promise<void>((resolve) => end = resolve);
        left = size;
        for (let k = 0; k < size; k++) bus.emit(event);
        await ended;
      }
      console.assert(!Number.isNaN(sum));
    },
  };
}

/** The same handlers in so many threads. */
export async function handleInThreads(microseconds: number, threads: number): Promise<Work> {
  const { size, turns } = plan(microseconds);
  const handlers = new URL("./thread_handlers.ts", import.meta.url);
  const bus = forAsync<{ job: Uint8Array }>({ handlers, threads, blockTimeout: 60_000 });
  await bus.ready;
  const event = { type: "job" as const, data: new Uint8Array(Int32Array.of(turns).buffer) };
  // A home that looks all the time would take a processor from the threads: it sleeps until a
  // millisecond of work is left.
  const near = microseconds === 0 ? Infinity : threads * 1_000 / microseconds;
  return {
    opsPerRound: size,
    async run(rounds) {
      const before = bus.stats().processed;
      for (let k = 0; k < rounds * size; k++) bus.emit(event);
      for (let depth; (depth = bus.stats().depth) > 0;) {
        const sleep = depth > near ? setTimeout : setImmediate;
        await new Promise<void>((resolve) => void sleep(resolve));
      }
      note(bus.stats().processed - before);
    },
  };
}
