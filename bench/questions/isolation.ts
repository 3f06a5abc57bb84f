/**
 * What does it cost that a failing handler stops neither the other handlers nor the program?
 *
 * Two handlers: the first throws at one event of a hundred (or never), the second must be called
 * for every event all the same. A library that does not isolate errors loses those calls; its
 * count is what it is known to reach, so its row is comparable only with that in mind.
 *
 * @module
 */
import type { Case, ProcessSubject, Question, Work } from "../harness/types.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { type Handler, handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, type PeerKind, RX_SUBJECT, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

/** A round has this many events, so that one of each round fails. */
const EVENTS = 100;
const failure = new Error("the handler failed on purpose");

function throwing(): Handler {
  let calls = 0;
  return () => {
    if (++calls === EVENTS) {
      calls = 0;
      throw failure;
    }
  };
}

/** Emits `EVENTS` a round by `emit`, and catches what it throws. */
function caught(emit: () => unknown, reached: number): Work {
  let thrown = 0;
  return {
    opsPerRound: EVENTS,
    handledPerRound: reached,
    run(rounds) {
      for (let i = rounds * EVENTS; i > 0; i--) {
        try {
          emit();
        } catch (error) {
          if (error !== failure) throw error;
          thrown++;
        }
      }
    },
  };
}

/** Subjects that throw to the emitter: `reached` is how often the second handler runs a round. */
function ourEmit(safe: boolean, fails: boolean): () => Work {
  return () => {
    const bus = createSyncBus();
    bus.on(TYPE, fails ? throwing() : () => {});
    bus.on(TYPE, handlers[0]!);
    const event = createEvent();
    const emit = safe ? () => bus.emit(event) : () => bus.unsafeEmit(event);
    return caught(emit, fails && !safe ? EVENTS - 1 : EVENTS);
  };
}

function peerEmit(fails: boolean, isolates: boolean): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    on(TYPE, fails ? throwing() : () => {});
    on(TYPE, handlers[0]!);
    const event = createEvent();
    return caught(() => emitter.emit(TYPE, event), fails && !isolates ? EVENTS - 1 : EVENTS);
  };
}

/** Libraries that report a handler's error to the program, as a task of its own: nobody prints it. */
async function reported(work: Work): Promise<Work> {
  const { config } = await import("rxjs");
  config.onUnhandledError = () => {};
  const { default: process } = await import("node:process");
  process.on("uncaughtException", () => {});
  globalThis.addEventListener?.("error", (event) => event.preventDefault());
  const { setImmediate } = await import("node:timers");
  return {
    ...work,
    // The reports belong to the price: two turns of the event loop let them through, without the
    // idle millisecond of a timer.
    async run(rounds) {
      await work.run(rounds);
      for (let turn = 0; turn < 2; turn++) await new Promise((done) => setImmediate(done));
    },
  };
}

function reportingPeer(kind: PeerKind, fails: boolean): ProcessSubject {
  return peer(kind, (made) => {
    const work = peerEmit(fails, true)(made);
    return fails ? reported(work) : work;
  });
}

function toCase(name: string, fails: boolean): Case {
  return {
    name,
    subjects: [
      ours("emit", ourEmit(true, fails)),
      ours("unsafeEmit", ourEmit(false, fails), { isolates: false }),
      ...[...SYNC_PEERS, RX_SUBJECT].map((kind) =>
        kind.isolates ? reportingPeer(kind, fails) : peer(kind, peerEmit(fails, false))
      ),
    ],
  };
}

/** Error isolation on and off. */
export const isolationQuestion: Question = {
  id: "isolation",
  title: "Two handlers, error isolation on and off",
  measure: "ns",
  states: ["used"],
  cases: [
    toCase("nothing throws", false),
    toCase("the first handler throws at 1 event of 100", true),
  ],
  notes: [
    "Subjects that do not isolate skip the second handler at each failure: 99 of 100 calls.",
  ],
};
