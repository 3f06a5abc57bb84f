/**
 * Waiting for queued events.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { BusStats } from "../../mod.ts";
import { handledSoFar } from "./handlers.ts";

/** How many microtask turns to wait before the event loop gets a turn. */
const MICROTASK_TURNS = 20;
/** An event that has not arrived by now is lost; the timer says how many were. */
const PATIENCE_MS = 5_000;

/**
 * Resolves when `target` events have been handled since the last count was taken, or when there is
 * no hope left. The common case costs one microtask: the drain was queued before this wait.
 */
export async function settled(target: number): Promise<void> {
  for (let turn = 0; turn < MICROTASK_TURNS; turn++) {
    if (handledSoFar() >= target) return;
    await null;
  }
  const deadline = performance.now() + PATIENCE_MS;
  while (handledSoFar() < target && performance.now() < deadline) {
    // Not a timer: Node and Deno make a millisecond of it, which a queue that yields would be billed.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves when nothing that the bus has accepted is open, in whatever thread. */
export async function allHandled(bus: { stats(): BusStats }): Promise<void> {
  while (bus.stats().depth > 0) await new Promise((resolve) => setImmediate(resolve));
}
