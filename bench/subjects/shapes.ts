/**
 * Subjects in the shapes of the Disruptor's table: who hands what to whom.
 *
 * @module
 */
import { forAsync } from "../../mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { allHandled } from "./settled.ts";
import type { Shapes } from "./shape_handlers.ts";

/** Events of a round: all of them fit into the rings, as a handler that emits never waits. */
const SIZE = 16_384;
const CAPACITY = 2 ** 20;
const BATCH = 32;

/** A shape: threads, what home emits, and how many deliveries come of one event. */
export interface Shape {
  type: keyof Shapes;
  threads: number;
  deliveries: number;
}

/** One producer, one consumer. */
export const UNICAST: Shape = { type: "unicast", threads: 1, deliveries: 1 };
/** One producer, and three consumers one behind the other. */
export const PIPELINE: Shape = { type: "first", threads: 3, deliveries: 3 };
/** One producer, and three consumers that all get each event. */
export const MULTICAST: Shape = { type: "all", threads: 3, deliveries: 3 };
/** One producer, two consumers that both get each event, and one that waits for both. */
export const DIAMOND: Shape = { type: "split", threads: 3, deliveries: 4 };

/** Emits events of 8 B one by one, or in batches. */
export async function ourShape(
  { type, threads, deliveries }: Shape,
  isBatched: boolean,
): Promise<Work> {
  const handlers = new URL("./shape_handlers.ts", import.meta.url);
  const bus = forAsync<Shapes>({ handlers, threads, capacity: CAPACITY, blockTimeout: 60_000 });
  await bus.ready;
  const event = { type, data: new Uint8Array(8).fill(1) };
  const batch = new Array<typeof event>(BATCH).fill(event);
  // Threads that have not yet heard what the others subscribe send their events to all of them.
  for (let handled = 0; handled !== BATCH * deliveries;) {
    const { processed } = bus.stats();
    bus.emitBatch(batch);
    await allHandled(bus);
    handled = bus.stats().processed - processed;
  }
  return {
    opsPerRound: SIZE,
    handledPerRound: SIZE * deliveries,
    async run(rounds) {
      const before = bus.stats();
      for (let i = 0; i < rounds; i++) {
        if (isBatched) { for (let k = 0; k < SIZE; k += BATCH) bus.emitBatch(batch); }
        else for (let k = 0; k < SIZE; k++) bus.emit(event);
        await allHandled(bus);
      }
      const { processed, failed } = bus.stats();
      if (failed > before.failed) throw new Error(`${failed} handlers have failed`);
      note(processed - before.processed);
    },
  };
}
