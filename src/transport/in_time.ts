import { after } from "./timer.ts";

/** Whether a promise settles within so many milliseconds; how it does is for others to hear of. */
export function inTime(promise: Promise<unknown>, within: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = after(within, () => resolve(false));
    const settled = () => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
