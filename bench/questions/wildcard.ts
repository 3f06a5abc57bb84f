/**
 * Does a wildcard subscription somewhere else cost an exact event anything, and what does an event
 * cost that only a wildcard matches?
 *
 * @module
 */
import type { Goal, ProcessSubject, Question, Work } from "../harness/types.ts";
import { type BenchEvent, createEvent, TYPE } from "../subjects/events.ts";
import { handlers } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

/** Two medians of one and the same thing differ by this much between processes. */
const NOISE = 1.05;
/** Patterns of which none matches the measured type. */
const HUNDRED = Array.from({ length: 100 }, (_, i) => `invoice.*.step${i}.**`);
const ELSEWHERE: [name: string, patterns: string[]][] = [
  ["no wildcard", []],
  ["1 wildcard elsewhere", ["invoice.**"]],
  ["100 wildcards elsewhere", HUNDRED],
];
const MATCHING = ["order.*", "**"];

type Form = "emit" | "unsafeEmit" | "topic.dispatch";
const FORMS: Form[] = ["emit", "unsafeEmit", "topic.dispatch"];

type Loop = (bus: ReturnType<typeof createSyncBus>, event: BenchEvent) => Work["run"];

/** Each form has a loop of its own: a call in between would be part of the figure. */
const LOOPS: Record<Form, Loop> = {
  emit: (bus, event) => (rounds) => {
    for (let i = 0; i < rounds; i++) bus.emit(event);
  },
  unsafeEmit: (bus, event) => (rounds) => {
    for (let i = 0; i < rounds; i++) bus.unsafeEmit(event);
  },
  "topic.dispatch": (bus, event) => {
    const topic = bus.topic(TYPE);
    return (rounds) => {
      for (let i = 0; i < rounds; i++) topic.dispatch(event);
    };
  },
};

/** Emits in one of our forms; the last pattern is the one that matches. */
function emits(form: Form, patterns: string[]): () => Work {
  return () => {
    const bus = createSyncBus();
    const matching = patterns.at(-1)!;
    for (const pattern of patterns) {
      bus.on(pattern, pattern === matching ? handlers[0]! : handlers[1]!);
    }
    return { run: LOOPS[form](bus, createEvent()) };
  };
}

function exact(form: Form): ProcessSubject[] {
  const goals: Goal[] = [{ limit: NOISE, of: `beat ${form}, no wildcard`, relation: "times" }];
  const isolates = form !== "unsafeEmit";
  return ELSEWHERE.map(([name, patterns]) =>
    ours(`${form}, ${name}`, emits(form, [...patterns, TYPE]), {
      isolates,
      ...(patterns.length > 0 && { goals }),
    })
  );
}

function matched(form: Form): ProcessSubject[] {
  return MATCHING.map((pattern) =>
    ours(`${form}, only ${pattern} matches`, emits(form, [pattern]), {
      isolates: form !== "unsafeEmit",
    })
  );
}

/** The peers have no wildcards: this is their exact emit, for the scale. */
function emitter({ emitter, on }: Peer): Work {
  on(TYPE, handlers[0]!);
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) emitter.emit(TYPE, event);
    },
  };
}

/** The one form of wildcard that a peer has: mitt calls the handlers of "*" for every event. */
async function mittMatched(): Promise<Work> {
  const mittModule = await import("mitt");
  // Its types say CommonJS, its files say ES module: the value is the function itself.
  const mitt = mittModule.default as unknown as typeof mittModule.default.default;
  const emitter = mitt<Record<string, BenchEvent>>();
  emitter.on("*", (_type, event) => handlers[0]!(event));
  const event = createEvent();
  return {
    run(rounds) {
      for (let i = 0; i < rounds; i++) emitter.emit(TYPE, event);
    },
  };
}

const MITT = SYNC_PEERS[0]!;

/** Exact emits beside wildcard subscriptions, and emits that only a wildcard matches. */
export const wildcardQuestion: Question = {
  id: "wildcard",
  title: "Wildcards: subscribed elsewhere, or all that matches",
  measure: "ns",
  states: ["used"],
  cases: [
    {
      name: "an exact subscription matches",
      subjects: [...FORMS.flatMap(exact), ...SYNC_PEERS.map((kind) => peer(kind, emitter))],
    },
    {
      name: "only a wildcard matches",
      subjects: [
        ...FORMS.flatMap(matched),
        { ...peer(MITT, mittMatched), name: 'mitt, only "*" matches' },
      ],
    },
  ],
  notes: [
    `"Costs nothing" is judged as at most ${NOISE} × the same emit without any wildcard: the noise of two equal subjects.`,
    'No peer has patterns: their rows are exact emits, for the scale; mitt\'s "*" stands for every event.',
  ],
};
