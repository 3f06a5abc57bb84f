/**
 * Work for a handler: a loop that keeps the processor busy for a known time, and nothing else.
 *
 * @module
 */

/** Turns of one call: a loop that runs long is compiled while it runs, and worse. */
const PIECE = 500;
const TURNS = 100_000;
const WARM_UP_MS = 50;
const TRIES = 50;

/** Turns of a loop in which each waits for the one before. */
export function labour(turns: number): number {
  let value = 1;
  for (let left = turns; left > 0; left -= PIECE) value = turn(value, Math.min(left, PIECE));
  return value;
}

function turn(value: number, times: number): number {
  for (let i = 0; i < times; i++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  return value;
}

/** How many turns of {@linkcode labour} take a microsecond: by the quickest of many tries. */
export function turnsOfMicrosecond(): number {
  const time = () => {
    const start = performance.now();
    sink ^= labour(TURNS);
    return performance.now() - start;
  };
  for (const end = performance.now() + WARM_UP_MS; performance.now() < end;) time();
  const best = Math.min(...Array.from({ length: TRIES }, time));
  return TURNS / (best * 1_000);
}

/** So that nothing can be left out. */
export let sink = 0;
