/**
 * What turns a fresh process into a used one: the same library's code runs with ten other handlers
 * and five shapes of events, one handler a type and ten on one type, before anything is measured.
 * A fresh process flatters: the engine inlines the only handler that it has ever seen.
 *
 * @module
 */
import { type BenchEvent, createShapes } from "./events.ts";
import { type Handler, otherHandlers, takeTotal } from "./handlers.ts";
import type { Peer } from "./peers.ts";

/** Enough for every engine's last compiler on every call site (about 20 ms for a quick library). */
const ROUNDS = 400;

/** Types that no question measures: those with one handler, and those with all ten. */
const LONE_TYPES = otherHandlers.map((_, i) => `other.lone${i}`);
const FULL_TYPES = otherHandlers.map((_, i) => `other.full${i}`);

/** The shapes to emit, of all other types. */
export function createOtherEvents(): BenchEvent[] {
  return [...LONE_TYPES, ...FULL_TYPES].flatMap((type) => createShapes(type));
}

/**
 * Subscribes the ten others: each to a type of its own, and all ten to each of ten more types. The
 * order is another one on each of those, because some libraries have a call site for each place in
 * the list, and it would stay quick if it had only seen one other handler.
 */
export function subscribeOthers(on: (type: string, handler: Handler) => unknown): void {
  otherHandlers.forEach((handler, i) => on(LONE_TYPES[i]!, handler));
  FULL_TYPES.forEach((type, shift) => {
    otherHandlers.forEach((_, i) => on(type, otherHandlers[(i + shift) % otherHandlers.length]!));
  });
}

/** Runs `emitAll` until its code is compiled, and forgets what was counted. */
export async function repeat(emitAll: () => unknown): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await emitAll();
  takeTotal();
}

/** Uses a peer. */
export async function usePeer(peer: Peer): Promise<void> {
  const events = createOtherEvents();
  subscribeOthers((type, handler) => {
    peer.on(type, handler)();
    return peer.on(type, handler);
  });
  const { emitter } = peer;
  await repeat(() => {
    let last: unknown;
    for (let i = 0; i < events.length; i++) last = emitter.emit(events[i]!.type, events[i]!);
    return last;
  });
}
