/**
 * Work for a handler: a loop that keeps the processor busy for a known time, and nothing else.
 *
 * @module
 */

const TURNS = 100_000;
const WARM_UP_MS = 50;
const TRIES = 50;

/** Turns of a loop in which each waits for the one before. */
export function labour(turns: number): number {
  let value = 1;
  for (let i = 0; i < turns; i++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
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
