/**
 * What does an event cost that is queued now and handled in a microtask of the same thread?
 * The clock stops when the last event has been handled, not when it has been handed in.
 *
 * @module
 */
import type { Case, Goal, ProcessSubject, Question, Work } from "../harness/types.ts";
import { BARE_QUEUE } from "../subjects/bounds.ts";
import { createEvent, TYPES } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handledSoFar, handlers } from "../subjects/handlers.ts";
import { createAsyncBus, createDeferredBus, useAsyncBus } from "../subjects/ours.ts";
import { EMITTERY, NODE_EVENTS, type Peer } from "../subjects/peers.ts";
import { settled } from "../subjects/settled.ts";
import { ours, peer } from "../subjects/subject.ts";

const TEN_TYPES = TYPES.slice(0, 10);
const GO_ENGINES = ["deferred", "async", "flow"] as const;
const events = TEN_TYPES.map((type) => createEvent(type));

/** A burst of `size` events of ten types, then a wait until all of them have been handled. */
function bursts(size: number, emitBurst: () => unknown): Work {
  return {
    opsPerRound: size,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        await emitBurst();
        // A burst that is over must not be billed for another wait.
        if (handledSoFar() < (i + 1) * size) await settled((i + 1) * size);
      }
    },
  };
}

function ourBursts(create: typeof createAsyncBus, size: number): () => Work {
  return () => {
    const bus = create();
    TEN_TYPES.forEach((type, i) => bus.on(type, handlers[i]!));
    return bursts(size, () => {
      let turn = 0;
      for (let i = 0; i < size; i++) {
        bus.emit(events[turn]!);
        if (++turn === events.length) turn = 0;
      }
    });
  };
}

/** Waiting for the last promise only is the quickest way that emittery has. */
function emitterBursts(size: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    TEN_TYPES.forEach((type, i) => on(type, handlers[i]!));
    return bursts(size, () => {
      let last: unknown;
      let turn = 0;
      for (let i = 0; i < size; i++) {
        last = emitter.emit(events[turn]!.type, events[turn]!);
        if (++turn === events.length) turn = 0;
      }
      return last;
    });
  };
}

/** What people write by hand: one microtask for each event. */
function microtaskBursts(size: number): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    TEN_TYPES.forEach((type, i) => on(type, handlers[i]!));
    return bursts(size, () => {
      let turn = 0;
      for (let i = 0; i < size; i++) {
        const event = events[turn]!;
        queueMicrotask(() => emitter.emit(event.type, event));
        if (++turn === events.length) turn = 0;
      }
    });
  };
}

/** The wait alone: what the harness itself adds to a lone emit. */
function bareWait(): ProcessSubject {
  return {
    name: "bare await",
    kind: "bound",
    use: () => {},
    setup: () => ({
      handledPerRound: 0,
      async run(rounds) {
        for (let i = 0; i < rounds; i++) await null;
      },
    }),
  };
}

function toCase(name: string, size: number): Case {
  const goals: Goal[] = size === 1 ? [{ limit: 80 }] : [
    { limit: 18 },
    { limit: 1 / 40, of: EMITTERY.name, relation: "times" },
    { limit: 10, stretch: true },
  ];
  const queueing = { use: useAsyncBus, goals };
  return {
    name,
    subjects: [
      ours("forAsync", ourBursts(createAsyncBus, size), { ...queueing, goHead: 46.7 }),
      ours("forSync deferred", ourBursts(createDeferredBus, size), { ...queueing, goHead: 33.7 }),
      peer(BARE_QUEUE, emitterBursts(size), "bound"),
      ...(size === 1 ? [bareWait()] : []),
      peer({ ...NODE_EVENTS, name: "node:events + queueMicrotask" }, microtaskBursts(size)),
      peer(EMITTERY, emitterBursts(size)),
      ...GO_ENGINES.map((engine) => go(engine, { types: TEN_TYPES.length, burst: size })),
    ],
  };
}

/** Events handled in a microtask of the same thread. */
export const deferredQuestion: Question = {
  id: "deferred",
  title: "Queued and handled later in the same thread, ten types",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [
    toCase("bursts of 100", 100),
    toCase("bursts of 1 000", 1_000),
    toCase("bursts of 10 000", 10_000),
    toCase("lone emit", 1),
  ],
  notes: [
    "Time until the last event was handled ÷ events. The Go engines use other threads; see `lost` there.",
  ],
};
