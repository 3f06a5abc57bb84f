import type { Handler } from "@beat/beat";

/** What one subscriber has seen. */
export interface Tally {
  /** Calls of the handler. */
  delivered: number;
  /** Calls that went well, promises included. */
  handled: number;
  /** Calls that threw or rejected. */
  failed: number;
  /** Milliseconds inside the handler, without the time that its promises wait. */
  time: number;
}

/** A tally in which nothing has happened yet. */
export function emptyTally(): Tally {
  return { delivered: 0, handled: 0, failed: 0, time: 0 };
}

/** Wraps a handler so that it keeps its own books: the bus has no part in these counts. */
export function tallied<E>(tally: Tally, handler: Handler<E>): Handler<E> {
  return (event) => {
    tally.delivered++;
    const started = performance.now();
    try {
      const result = handler(event);
      if (result instanceof Promise) return settled(tally, result);
      tally.handled++;
    } catch (error) {
      tally.failed++;
      throw error;
    } finally {
      tally.time += performance.now() - started;
    }
  };
}

async function settled(tally: Tally, result: Promise<unknown>): Promise<void> {
  try {
    await result;
    tally.handled++;
  } catch (error) {
    tally.failed++;
    throw error;
  }
}
