/**
 * Subjects whose thread dies: the time until the next one has handled an event.
 *
 * @module
 */
import { forAsync } from "../../mod.ts";
import { startThread } from "../../src/runtime/threads.ts";
import type { OwnWork } from "../harness/types.ts";
import { sampleEach } from "./samples.ts";

/** How the thread dies. */
export type Death = "exit" | "error";

interface Events {
  exit: void;
  error: void;
  ask: void;
  answer: void;
}

/** Our bus: an event of which the thread dies, and behind it one that the next thread answers. */
export async function ourRestart(death: Death): Promise<OwnWork> {
  const handlers = new URL("./restart_handlers.ts", import.meta.url);
  const bus = forAsync<Events>({ handlers, threads: 1, onError: () => {} });
  let hear = () => {};
  bus.on("answer", () => hear());
  await bus.ready;
  return {
    measure: (seconds) =>
      sampleEach(seconds, async () => {
        const answered = new Promise<void>((resolve) => hear = resolve);
        const start = performance.now();
        bus.emit(death);
        bus.emit("ask");
        await answered;
        return performance.now() - start;
      }),
  };
}

/** What no bus can beat: to start a thread that loads the same modules. */
export function startAnew(): OwnWork {
  const module = new URL("./bare_thread.ts", import.meta.url);
  return {
    measure: (seconds) =>
      sampleEach(seconds, async () => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const start = performance.now();
        const thread = startThread(module, {
          onMessage: () => resolve(),
          onError: reject,
          onEnd: () => {},
        });
        await promise;
        const elapsed = performance.now() - start;
        await thread.terminate();
        return elapsed;
      }),
  };
}
