import type { Message } from "../message/message.ts";

/** The longest time that timers know; longer ones would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Whether the work on one of the messages is to stop. */
export function isAborted(messages: readonly Message[]): boolean {
  return messages.some((message) => message.signal.aborted);
}

/** Waits `ms` milliseconds, or until the work on one of the messages is to stop; false tells of that. */
export function pause(ms: number, messages: readonly Message[]): Promise<boolean> {
  if (isAborted(messages)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const signals = messages.map((message) => message.signal);
    const end = (elapsed: boolean) => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", stop);
      resolve(elapsed);
    };
    const stop = () => end(false);
    const timer = setTimeout(() => end(true), Math.min(ms, LONGEST_TIMER));
    for (const signal of signals) signal.addEventListener("abort", stop);
  });
}
