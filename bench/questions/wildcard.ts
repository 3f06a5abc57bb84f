/**
 * Does a wildcard subscription somewhere else cost an exact event anything?
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { ours } from "../subjects/subject.ts";

const NONE = "beat emit, no wildcard";
/** Two medians of one and the same thing differ by this much between processes. */
const NOISE = 1.05;

/** An exact emit; `elsewhere` are patterns that match other types. */
function exact(elsewhere: string[]): () => Work {
  return () => {
    const bus = createSyncBus();
    for (const pattern of elsewhere) bus.on(pattern, handlers[1]!);
    bus.on(TYPE, handlers[0]!);
    const event = createEvent();
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) bus.emit(event);
      },
    };
  };
}

/** An emit that only a wildcard subscription matches. */
function matched(pattern: string): () => Work {
  return () => {
    const bus = createSyncBus();
    bus.on(pattern, handlers[0]!);
    const event = createEvent();
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) bus.emit(event);
      },
    };
  };
}

const hundred = Array.from({ length: 100 }, (_, i) => `invoice.*.step${i}.**`);
const free = { goals: [{ limit: NOISE, of: NONE, relation: "times" as const }] };

/** Exact emits beside wildcard subscriptions. */
export const wildcardQuestion: Question = {
  id: "wildcard",
  title: "Exact emit while a wildcard is subscribed elsewhere",
  measure: "ns",
  states: ["used"],
  cases: [{
    name: "one handler",
    subjects: [
      ours(NONE.slice("beat ".length), exact([])),
      ours("emit, 1 wildcard elsewhere", exact(["invoice.**"]), free),
      ours("emit, 100 wildcards elsewhere", exact(hundred), free),
      ours("emit, only order.* matches", matched("order.*")),
      ours("emit, only ** matches", matched("**")),
    ],
  }],
  notes: [
    `"Costs nothing" is judged as at most ${NOISE} × the emit without any wildcard: the noise of two equal subjects.`,
  ],
};
