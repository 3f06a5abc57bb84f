/**
 * What does an event cost when sixteen types take turns?
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import { BARE_LOOKUP } from "../subjects/bounds.ts";
import { createEvent, TYPES } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

const events = TYPES.map((type) => createEvent(type));

function emitter({ emitter, on }: Peer): Work {
  TYPES.forEach((type, i) => on(type, handlers[i]!));
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) emitter.emit(TYPES[i & 15]!, events[i & 15]!);
    },
  };
}

function createBus() {
  const bus = createSyncBus();
  TYPES.forEach((type, i) => bus.on(type, handlers[i]!));
  return bus;
}

function emit(): Work {
  const bus = createBus();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit(events[i & 15]!);
    },
  };
}

function unsafeEmit(): Work {
  const bus = createBus();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.unsafeEmit(events[i & 15]!);
    },
  };
}

function dispatch(): Work {
  const bus = createBus();
  const topics = TYPES.map((type) => bus.topic(type));
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) topics[i & 15]!.dispatch(events[i & 15]!);
    },
  };
}

/** Sixteen types in rotation, each with a handler of its own. */
export const topicsQuestion: Question = {
  id: "topics",
  title: "Sixteen types in rotation, one handler each",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [{
    name: "16 types",
    subjects: [
      ours("emit(event)", emit, { goals: [{ limit: 12 }, { limit: 8, stretch: true }] }),
      ours("unsafeEmit(event)", unsafeEmit, { isolates: false }),
      ours("topic.dispatch(event)", dispatch),
      peer(BARE_LOOKUP, emitter, "bound"),
      ...SYNC_PEERS.map((kind) => peer(kind, emitter)),
      go("sync", { types: TYPES.length }),
    ],
  }],
};
