/**
 * How many events a second go through a queue when they come 1 000 a call?
 *
 * @module
 */
import type { Case, Goal, Question, Work } from "../harness/types.ts";
import { BARE_QUEUE } from "../subjects/bounds.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createAsyncBus, createDeferredBus, useAsyncBus } from "../subjects/ours.ts";
import { EMITTERY, NODE_EVENTS, type Peer } from "../subjects/peers.ts";
import { settled } from "../subjects/settled.ts";
import { ours, peer } from "../subjects/subject.ts";

const PER_CALL = 1_000;
const GO_ENGINES = ["async", "flow"] as const;
/** 30 million events a second, as time: a goal is always an upper limit. */
const goals: Goal[] = [{ limit: 1_000 / 30 }, { limit: 1_000 / 60, stretch: true }];

/** `calls` calls in a row, then a wait until all of their events have been handled. */
function inserts(calls: number, insert: () => unknown): Work {
  return {
    opsPerRound: calls * PER_CALL,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        let last: unknown;
        for (let call = 0; call < calls; call++) last = insert();
        await last;
        await settled((i + 1) * calls * PER_CALL);
      }
    },
  };
}

function createEvents() {
  return Array.from({ length: PER_CALL }, () => createEvent());
}

function ourInserts(create: typeof createAsyncBus, calls: number): () => Work {
  return () => {
    const bus = create();
    bus.on(TYPE, handlers[0]!);
    const events = createEvents();
    return inserts(calls, () => bus.emitBatch(events));
  };
}

function emitterInserts(calls: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    on(TYPE, handlers[0]!);
    const events = createEvents();
    return inserts(calls, () => {
      let last: unknown;
      for (const event of events) last = emitter.emit(TYPE, event);
      return last;
    });
  };
}

/** What people write by hand: one microtask that emits the whole array. */
function microtaskInserts(calls: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    on(TYPE, handlers[0]!);
    const events = createEvents();
    return inserts(calls, () => {
      queueMicrotask(() => {
        for (const event of events) emitter.emit(TYPE, event);
      });
    });
  };
}

function toCase(name: string, calls: number): Case {
  const options = { use: useAsyncBus, goals };
  return {
    name,
    subjects: [
      ours("forAsync emitBatch", ourInserts(createAsyncBus, calls), {
        ...options,
        goHead: 1_000 / 25.4,
      }),
      ours("forSync deferred emitBatch", ourInserts(createDeferredBus, calls), options),
      peer(BARE_QUEUE, emitterInserts(calls), "bound"),
      peer({ ...NODE_EVENTS, name: "node:events + queueMicrotask" }, microtaskInserts(calls)),
      peer(EMITTERY, emitterInserts(calls)),
      ...GO_ENGINES.map((engine) => go(engine, { burst: calls * PER_CALL, batch: PER_CALL })),
    ],
  };
}

/** Bulk insert through a queue. */
export const bulkQuestion: Question = {
  id: "bulk",
  title: "Bulk insert through a queue, 1 000 events a call",
  measure: "rate",
  states: ["used"],
  cases: [toCase("each call awaited", 1), toCase("32 calls in a row", 32)],
  notes: ["Million events handled a second, not handed in."],
};
