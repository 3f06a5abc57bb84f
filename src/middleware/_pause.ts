import type { Message } from "../message/message.ts";
import { after } from "../transport/timer.ts";

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
      cancel();
      for (const signal of signals) signal.removeEventListener("abort", stop);
      resolve(elapsed);
    };
    const stop = () => end(false);
    const cancel = after(ms, () => end(true));
    for (const signal of signals) signal.addEventListener("abort", stop);
  });
}
