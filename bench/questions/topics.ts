/**
 * What does an event cost when sixteen types take turns, or come in any order?
 *
 * @module
 */
import type { Case, Goal, Question, Subject, Work } from "../harness/types.ts";
import { BARE_LOOKUP } from "../subjects/bounds.ts";
import { createEvent, TYPES } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

const TURNS = 4_096;
const events = TYPES.map((type) => createEvent(type));

/** Which type comes next: all in turn, or in an order that nothing can foresee. */
type Order = readonly number[];

const ROTATION: Order = Array.from({ length: TURNS }, (_, turn) => turn % TYPES.length);
const RANDOM: Order = randomOrder();

/** The same in every process: a linear congruential generator (Numerical Recipes). */
function randomOrder(): number[] {
  let state = 1;
  return Array.from({ length: TURNS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 28;
  });
}

function emitter(order: Order): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    TYPES.forEach((type, i) => on(type, handlers[i]!));
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          const turn = order[i & (TURNS - 1)]!;
          emitter.emit(TYPES[turn]!, events[turn]!);
        }
      },
    };
  };
}

function createBus() {
  const bus = createSyncBus();
  TYPES.forEach((type, i) => bus.on(type, handlers[i]!));
  return bus;
}

function emit(order: Order): () => Work {
  return () => {
    const bus = createBus();
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          const turn = order[i & (TURNS - 1)]!;
          bus.emit(events[turn]!);
        }
      },
    };
  };
}

function unsafeEmit(order: Order): () => Work {
  return () => {
    const bus = createBus();
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          const turn = order[i & (TURNS - 1)]!;
          bus.unsafeEmit(events[turn]!);
        }
      },
    };
  };
}

function dispatch(order: Order): () => Work {
  return () => {
    const bus = createBus();
    const topics = TYPES.map((type) => bus.topic(type));
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          const turn = order[i & (TURNS - 1)]!;
          topics[turn]!.dispatch(events[turn]!);
        }
      },
    };
  };
}

function toCase(name: string, order: Order, goals: Goal[], outside: Subject[]): Case {
  return {
    name,
    subjects: [
      ours("emit(event)", emit(order), { goals }),
      ours("unsafeEmit(event)", unsafeEmit(order), { isolates: false }),
      ours("topic.dispatch(event)", dispatch(order)),
      peer(BARE_LOOKUP, emitter(order), "bound"),
      ...SYNC_PEERS.map((kind) => peer(kind, emitter(order))),
      ...outside,
    ],
  };
}

/** Sixteen types, each with a handler of its own. */
export const topicsQuestion: Question = {
  id: "topics",
  title: "Sixteen types, one handler each",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [
    toCase("16 types", ROTATION, [{ limit: 12 }, { limit: 8, stretch: true }], [
      go("sync", { types: TYPES.length }),
    ]),
    toCase("16 types in random order", RANDOM, [], []),
  ],
  notes: [
    "In random order the processor guesses wrong which handler comes next, and the bus which type.",
  ],
};
