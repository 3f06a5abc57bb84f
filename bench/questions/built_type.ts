/**
 * What does an event cost when its type is put together at each emit, as `"order." + action`?
 * Such a string is new every time: the engine has to flatten it and to find the equal one.
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import { BARE_LOOKUP } from "../subjects/bounds.ts";
import { createEvent } from "../subjects/events.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

const ACTIONS = Array.from({ length: 16 }, (_, i) => `action_${i}`);
const PREFIX = "customer.order.";
const { data } = createEvent();

function emitter({ emitter, on }: Peer): Work {
  ACTIONS.forEach((action, i) => on(PREFIX + action, handlers[i]!));
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) {
        const type = PREFIX + ACTIONS[i & 15]!;
        emitter.emit(type, { type, data });
      }
    },
  };
}

function createBus() {
  const bus = createSyncBus();
  ACTIONS.forEach((action, i) => bus.on(PREFIX + action, handlers[i]!));
  return bus;
}

function emit(): Work {
  const bus = createBus();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit({ type: PREFIX + ACTIONS[i & 15]!, data });
    },
  };
}

function emitData(): Work {
  const bus = createBus();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) bus.emit(PREFIX + ACTIONS[i & 15]!, data);
    },
  };
}

/** A new type string for each event, of sixteen different ones. */
export const builtTypeQuestion: Question = {
  id: "built_type",
  title: "Type string built at each emit (16 types)",
  measure: "ns",
  states: ["used"],
  cases: [{
    name: "type built",
    subjects: [
      ours("emit(event)", emit, { goals: [{ limit: 65 }] }),
      ours("emit(type, data)", emitData, { goals: [{ limit: 65 }] }),
      peer(BARE_LOOKUP, emitter, "bound"),
      ...SYNC_PEERS.map((kind) => peer(kind, emitter)),
    ],
  }],
};
