import { type Bus, forAsync, forSync } from "@beat/beat";
import type { Delivery, GitHubEvents } from "./deliveries.ts";

/** A bus, and how events are given to it. */
export interface Line {
  bus: Bus<GitHubEvents>;
  /** Sends one event; returns a promise where there may be something to wait for. */
  send(event: Delivery["event"]): void | Promise<void>;
}

/** One of the ways to run the demo. */
export interface Engine {
  name: string;
  /** What is special about it, in one line. */
  describes: string;
  /** Makes a fresh bus that tells `onError` of every failure. */
  open(onError: (error: unknown) => void): Line;
}

/** The engines that the demo shows. */
export const ENGINES: Engine[] = [
  {
    name: "forSync()",
    describes: "handlers run inside emit, which throws their errors",
    open(onError) {
      const bus = forSync<GitHubEvents>({ onError });
      return { bus, send: (event) => emitOrTell(() => bus.emit(event), onError) };
    },
  },
  {
    name: "forAsync()",
    describes: "events wait in a queue, onError hears of failures",
    open(onError) {
      const bus = forAsync<GitHubEvents>({ onError });
      return { bus, send: (event) => bus.enqueue(event) };
    },
  },
];

/** By the time that a sync bus throws, all handlers of the event have run. */
function emitOrTell(emit: () => void, onError: (error: unknown) => void): void {
  try {
    emit();
  } catch (error) {
    onError(error);
  }
}
