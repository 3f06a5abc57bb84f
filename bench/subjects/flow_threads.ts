/**
 * A flow bus that collects, and handles, in one other thread.
 *
 * @module
 */
import { forFlow } from "../../mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";

/** Events of a round: less than half of a ring, which would make batches leave before they are full. */
const SIZE = 1_000;
const BATCH = 100;
const BYTES = 64;

/** Emits events of 64 B, one a call or as many as make a batch; waits until all are handled. */
export async function flowThreads(type: "staged" | "batched", isBatched = false): Promise<Work> {
  const handlers = new URL(`./flow_${type}.ts`, import.meta.url);
  const bus = forFlow({ handlers, threads: 1, batchSize: BATCH, blockTimeout: 60_000 });
  await bus.ready;
  const event = { type, data: new Uint8Array(BYTES).fill(1) };
  const batch = new Array<typeof event>(BATCH).fill(event);
  return {
    opsPerRound: SIZE,
    async run(rounds) {
      const before = bus.batchStats().processed;
      for (let i = 0; i < rounds; i++) {
        if (isBatched) { for (let k = 0; k < SIZE; k += BATCH) bus.emitBatch(batch); }
        else for (let k = 0; k < SIZE; k++) bus.emit(event);
      }
      await bus.flush();
      note(bus.batchStats().processed - before);
    },
  };
}
