/**
 * What does one event cost with ten distinct handlers?
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import { BARE_LOOP } from "../subjects/bounds.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { go } from "../subjects/go.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, RX_SUBJECT, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

const TEN = handlers.slice(0, 10);

function emitter({ emitter, on }: Peer): Work {
  for (const handler of TEN) on(TYPE, handler);
  const event = createEvent();
  return {
    handledPerRound: TEN.length,
    run(rounds) {
      for (let i = 0; i < rounds; i++) emitter.emit(TYPE, event);
    },
  };
}

function createBus() {
  const bus = createSyncBus();
  for (const handler of TEN) bus.on(TYPE, handler);
  return bus;
}

function emit(): Work {
  const bus = createBus();
  const event = createEvent();
  return {
    handledPerRound: TEN.length,
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit(event);
    },
  };
}

function unsafeEmit(): Work {
  const bus = createBus();
  const event = createEvent();
  return {
    handledPerRound: TEN.length,
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.unsafeEmit(event);
    },
  };
}

/** Ten handlers, one type. */
export const tenHandlersQuestion: Question = {
  id: "ten_handlers",
  title: "One event, ten distinct handlers",
  measure: "ns",
  states: ["used", "fresh"],
  cases: [{
    name: "ten handlers",
    subjects: [
      ours("emit(event)", emit, {
        goHead: 25,
        goals: [
          { limit: 1.25, of: BARE_LOOP.name, relation: "times" },
          // Ahead of every peer that isolates errors.
          { limit: 1, of: "EventTarget", relation: "times" },
          { limit: 1, of: RX_SUBJECT.name, relation: "times" },
          { limit: 25, stretch: true },
        ],
      }),
      ours("unsafeEmit(event)", unsafeEmit, { isolates: false }),
      peer(BARE_LOOP, emitter, "bound"),
      ...[...SYNC_PEERS, RX_SUBJECT].map((kind) => peer(kind, emitter)),
      go("sync", { handlers: TEN.length }),
    ],
  }],
};
