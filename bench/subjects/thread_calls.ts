/**
 * Libraries that call a function in another thread: an answer comes back for every event.
 *
 * @module
 */
import type { OwnWork, Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { startPeer } from "./peer_thread.ts";
import { sampleEach } from "./samples.ts";
import type { CalledTask } from "./piscina_thread.ts";

/** Calls of a round, all of which are under way at a time. */
const SIZE = 1_000;
const EVENT = { type: "built", data: new Uint8Array(64).fill(1) };

/** Calls `SIZE` times, each time with an event, and insists that the thread has seen them. */
function callAll(call: () => Promise<number>): Work {
  let seen = 0;
  return {
    opsPerRound: SIZE,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        const counts = await Promise.all(Array.from({ length: SIZE }, call));
        const most = Math.max(...counts);
        note(most - seen);
        seen = most;
      }
    },
  };
}

/** Comlink over a `MessageChannel`, which is the same on all runtimes. */
export async function comlinkCalls(): Promise<Work> {
  const { wrap } = await import("comlink");
  const { thread, answer } = await startPeer(new URL("./comlink_thread.ts", import.meta.url));
  const { port1, port2 } = new MessageChannel();
  const ready = answer();
  thread.send({ channel: port2 }, [port2 as unknown as ArrayBuffer]);
  await ready;
  const { take } = wrap<{ take(event: typeof EVENT): number }>(port1);
  return callAll(() => take(EVENT));
}

async function createPool() {
  const { Piscina } = await import("piscina");
  const filename = new URL("./piscina_thread.ts", import.meta.url).href;
  return new Piscina<CalledTask, number>({ filename, minThreads: 1, maxThreads: 1 });
}

/** Piscina with one thread. */
export async function piscinaCalls(): Promise<Work> {
  const pool = await createPool();
  return callAll(() => pool.run(EVENT));
}

/** The time from a task that ends its thread to the next one that is done. */
export async function piscinaRestart(): Promise<OwnWork> {
  const pool = await createPool();
  await pool.run(EVENT);
  return {
    measure: (seconds) =>
      sampleEach(seconds, async () => {
        const start = performance.now();
        const [, done] = await Promise.allSettled([pool.run({ exit: true }), pool.run(EVENT)]);
        if (done!.status === "rejected") throw done!.reason;
        return performance.now() - start;
      }),
  };
}
