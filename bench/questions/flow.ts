/**
 * What does an event cost that goes through a batch: collected, taken through the stages, handled?
 * The clock stops when the last event has been handled.
 *
 * @module
 */
import type { Case, Goal, Question, Work } from "../harness/types.ts";
import type { Stage } from "../../mod.ts";
import { BARE_QUEUE } from "../subjects/bounds.ts";
import { createEvent, TYPES } from "../subjects/events.ts";
import { flowThreads } from "../subjects/flow_threads.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createFlowBus, useFlowBus } from "../subjects/ours.ts";
import { NODE_EVENTS, type Peer, RXJS_BUFFER } from "../subjects/peers.ts";
import { ROUND_TRIP } from "../subjects/round_trip.ts";
import { settled } from "../subjects/settled.ts";
import { ours, peer } from "../subjects/subject.ts";

/** The batch size of all subjects; the bursts are multiples of it, so that every batch is full. */
const BATCH = 100;
const TEN_TYPES = TYPES.slice(0, 10);
const GOALS: Goal[] = [{ limit: 40 }, { limit: 20, stretch: true }];
/** Published for the original's HEAD, at a mean batch of 1.01. */
const GO_HEAD = 39.8;

const inspect: Stage = () => {};
const filter: Stage = (events) => events.filter((event) => event.data !== undefined);

const events = TEN_TYPES.map((type) => createEvent(type));

/** Calls `emit` with `size` events of ten types, then waits until all have been handled. */
function bursts(
  size: number,
  emit: (event: (typeof events)[number]) => void,
  flush?: () => Promise<void>,
): Work {
  return {
    opsPerRound: size,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        let turn = 0;
        for (let k = 0; k < size; k++) {
          emit(events[turn]!);
          if (++turn === events.length) turn = 0;
        }
        if (flush) await flush();
        await settled((i + 1) * size);
      }
    },
  };
}

function ourBursts(size: number, stages: Stage[], shards = 1): () => Work {
  return () => {
    const bus = createFlowBus({ batchSize: BATCH, stages, shards });
    TEN_TYPES.forEach((type, i) => bus.on(type, handlers[i]!));
    return bursts(size, (event) => bus.emit(event), shards > 1 ? () => bus.flush() : undefined);
  };
}

function ourBatches(size: number): () => Work {
  return () => {
    const bus = createFlowBus({ batchSize: BATCH });
    const [handle] = handlers;
    bus.onBatch("**", (batch) => batch.forEach((event) => handle!(event)));
    return bursts(size, (event) => bus.emit(event));
  };
}

/** What people write by hand: an array that is handed over when it is full. */
function arrayBursts(size: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    TEN_TYPES.forEach((type, i) => on(type, handlers[i]!));
    let batch: typeof events = [];
    return bursts(size, (event) => {
      if (batch.push(event) < BATCH) return;
      const full = batch;
      batch = [];
      queueMicrotask(() => {
        for (const one of full) emitter.emit(one.type, one);
      });
    });
  };
}

function emitterBursts(size: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    TEN_TYPES.forEach((type, i) => on(type, handlers[i]!));
    return bursts(size, (event) => void emitter.emit(event.type, event));
  };
}

function toCase(size: number): Case {
  const judged = { use: useFlowBus, goals: GOALS, goHead: GO_HEAD };
  return {
    name: `bursts of ${size === 100 ? "100" : "10 000"}`,
    subjects: [
      ours("forFlow, no stage", ourBursts(size, []), judged),
      ours("forFlow, a stage that looks", ourBursts(size, [inspect]), judged),
      ours("forFlow, a stage that filters", ourBursts(size, [filter]), { use: useFlowBus }),
      ours("forFlow, a stage, four shards", ourBursts(size, [inspect], 4), { use: useFlowBus }),
      ours("forFlow, onBatch", ourBatches(size), { use: useFlowBus }),
      peer(BARE_QUEUE, emitterBursts(size), "bound"),
      peer({ ...NODE_EVENTS, name: "node:events + arrays of 100" }, arrayBursts(size)),
      peer(RXJS_BUFFER, emitterBursts(size)),
      go("flow", { types: TEN_TYPES.length, burst: size }),
    ],
  };
}

const ACROSS: Case = {
  name: "across threads, 64 B",
  subjects: [
    ours("forFlow, a stage, a thread", () => flowThreads("staged"), { use: useFlowBus }),
    ours("forFlow, onBatch, a thread", () => flowThreads("batched"), { use: useFlowBus }),
    ours("forFlow, onBatch, a thread, emitBatch of 100", () => flowThreads("batched", true), {
      use: useFlowBus,
    }),
    ROUND_TRIP,
  ],
};

/** Events in batches, through stages. */
export const flowQuestion: Question = {
  id: "flow",
  title: "Collected in batches of 100, through stages, ten types",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [toCase(100), toCase(10_000), ACROSS],
  notes: [
    "Time until the last event was handled ÷ events; every batch is full, its mean is 100.",
    "The Go original's own benchmarks let its batches be as small as they come: 1.01 on average.",
  ],
};
