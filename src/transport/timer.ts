/** The longest delay of a platform timer, in milliseconds; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** Calls `callback` after `delay` milliseconds, `Infinity` being never. What it returns cancels. */
export function after(delay: number, callback: () => void): () => void {
  if (delay === Infinity) return () => {};
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    const step = Math.min(left, LONGEST);
    timer = setTimeout(() => left > step ? wait(left - step) : callback(), step);
  };
  wait(delay);
  return () => clearTimeout(timer);
}
