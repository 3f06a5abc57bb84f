/**
 * The sink of all questions: handlers that count into a module-level variable.
 *
 * Each handler is a literal of its own. Closures of one literal share their code, and the engine
 * would still inline them at a call site that has seen ten of them.
 *
 * @module
 */
import type { BenchEvent } from "./events.ts";

/** A handler of the plain form. */
export type Handler = (event: BenchEvent) => void;

let total = 0;

/** The measured handlers. */
export const handlers: readonly Handler[] = [
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
];

/** The ten others, which only ever run before the measurement. */
export const otherHandlers: readonly Handler[] = [
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
  (event) => void (total += event.data.value),
];

/** A closure of its own for each subscription of a library that finds subscriptions by identity. */
export function createHandler(): Handler {
  return (event) => void (total += event.data.value);
}

/** Counts what no handler here sees: messages, requests, events in another thread. */
export function note(count: number): void {
  total += count;
}

/** How many events have been handled since the last {@linkcode takeTotal}. */
export function handledSoFar(): number {
  return total;
}

/** Returns the count and starts again at zero, so that it stays a small integer. */
export function takeTotal(): number {
  const handled = total;
  total = 0;
  return handled;
}
