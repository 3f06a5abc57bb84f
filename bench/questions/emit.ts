/**
 * What does one event cost with one handler?
 *
 * @module
 */
import type { Question, Subject, Work } from "../harness/types.ts";
import { BARE_CALL } from "../subjects/bounds.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, RX_SUBJECT, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

function emitter({ emitter, on }: Peer): Work {
  on(TYPE, handlers[0]!);
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) emitter.emit(TYPE, event);
    },
  };
}

function createBus() {
  const bus = createSyncBus();
  bus.on(TYPE, handlers[0]!);
  return bus;
}

function emit(): Work {
  const bus = createBus();
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit(event);
    },
  };
}

function emitData(): Work {
  const bus = createBus();
  const { data } = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit(TYPE, data);
    },
  };
}

function unsafeEmit(): Work {
  const bus = createBus();
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.unsafeEmit(event);
    },
  };
}

function topicEmit(): Work {
  const topic = createBus().topic(TYPE);
  const { data } = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) topic.emit(data);
    },
  };
}

function topicDispatch(): Work {
  const topic = createBus().topic(TYPE);
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) topic.dispatch(event);
    },
  };
}

function topicUnsafeDispatch(): Work {
  const topic = createBus().topic(TYPE);
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) topic.unsafeDispatch(event);
    },
  };
}

const subjects: Subject[] = [
  ours("emit(event)", emit, {
    goHead: 9.5,
    goals: [
      { limit: 4, state: "fresh" },
      { limit: 9 },
      // Ahead of every peer that isolates errors.
      { limit: 1, of: "EventTarget", relation: "times" },
      { limit: 1, of: RX_SUBJECT.name, relation: "times" },
      { limit: 6, stretch: true },
    ],
  }),
  ours("emit(type, data)", emitData),
  ours("unsafeEmit(event)", unsafeEmit, {
    goHead: 3.4,
    isolates: false,
    goals: [
      { limit: 3, state: "fresh" },
      { limit: 8 },
      { limit: 1, of: BARE_CALL.name, relation: "plus", state: "fresh", stretch: true },
      { limit: 1, of: BARE_CALL.name, relation: "plus", stretch: true },
    ],
  }),
  ours("topic.emit(data)", topicEmit, { goals: [{ limit: 8 }] }),
  ours("topic.dispatch(event)", topicDispatch, {
    goals: [
      { limit: 2, of: BARE_CALL.name, relation: "plus", state: "fresh" },
      { limit: 2, of: BARE_CALL.name, relation: "plus" },
    ],
  }),
  ours("topic.unsafeDispatch(event)", topicUnsafeDispatch, { isolates: false }),
  peer(BARE_CALL, emitter, "bound"),
  ...[...SYNC_PEERS, RX_SUBJECT].map((kind) => peer(kind, emitter)),
  go("sync"),
];

/** One handler, one type. */
export const emitQuestion: Question = {
  id: "emit",
  title: "One event, one handler",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [{ name: "one handler", subjects }],
};
