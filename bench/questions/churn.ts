/**
 * What does it cost to replace a subscription while many are alive?
 *
 * Each round ends the oldest subscription and makes a new one with its handler, as requests and
 * connections do that subscribe while they live. A library that searches its list pays for its
 * length; one that leaves work for the next emit shows it in the cases that emit.
 *
 * @module
 */
import type { Case, Goal, Question, Work } from "../harness/types.ts";
import { createEvent } from "../subjects/events.ts";
import { createHandler } from "../subjects/handlers.ts";
import { createSyncBus } from "../subjects/ours.ts";
import { type Peer, type PeerKind, SYNC_PEERS } from "../subjects/peers.ts";
import { ours, peer } from "../subjects/subject.ts";

interface Shape {
  name: string;
  alive: number;
  /** Do all subscriptions share one pattern, or has each its own? */
  patterns: "one" | "many";
  /** Is the pattern emitted after each change? */
  emits: boolean;
  goals?: Goal[];
}

const SHAPES: Shape[] = [
  { name: "10 alive, one pattern", alive: 10, patterns: "one", emits: false },
  { name: "10 alive, one pattern, an emit after each", alive: 10, patterns: "one", emits: true },
  {
    name: "100 000 alive, one pattern",
    alive: 100_000,
    patterns: "one",
    emits: false,
    goals: [{ limit: 1_000 }],
  },
  {
    name: "100 000 alive, many patterns",
    alive: 100_000,
    patterns: "many",
    emits: false,
    goals: [{ limit: 1_000 }],
  },
  {
    name: "100 000 alive, many patterns, an emit after each",
    alive: 100_000,
    patterns: "many",
    emits: true,
  },
];

/** These take minutes to subscribe 100 000 handlers to one type. */
const SLOW_TO_FILL = ["tseep", "EventTarget"];

function typesOf({ alive, patterns }: Shape): string[] {
  return Array.from({ length: alive }, (_, i) => patterns === "one" ? "job.done" : `job.${i}.done`);
}

function handledPerRound({ emits, patterns, alive }: Shape): number {
  if (!emits) return 0;
  return patterns === "one" ? alive : 1;
}

function peerChurn(shape: Shape): (peer: Peer) => Work {
  return ({ emitter, on }) => {
    const types = typesOf(shape);
    const handlers = types.map(createHandler);
    const offs = types.map((type, i) => on(type, handlers[i]!));
    const events = types.map((type) => createEvent(type));
    let at = 0;
    return {
      handledPerRound: handledPerRound(shape),
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          offs[at]!();
          offs[at] = on(types[at]!, handlers[at]!);
          if (shape.emits) emitter.emit(types[at]!, events[at]!);
          if (++at === shape.alive) at = 0;
        }
      },
    };
  };
}

function ourChurn(shape: Shape): () => Work {
  return () => {
    const bus = createSyncBus();
    const types = typesOf(shape);
    const handlers = types.map(createHandler);
    const subscriptions = types.map((type, i) => bus.on(type, handlers[i]!));
    const events = types.map((type) => createEvent(type));
    let at = 0;
    return {
      handledPerRound: handledPerRound(shape),
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          subscriptions[at]!.unsubscribe();
          subscriptions[at] = bus.on(types[at]!, handlers[at]!);
          if (shape.emits) bus.emit(events[at]!);
          if (++at === shape.alive) at = 0;
        }
      },
    };
  };
}

function fits(kind: PeerKind, { alive, patterns }: Shape): boolean {
  return alive <= 10 || patterns === "many" || !SLOW_TO_FILL.includes(kind.name);
}

function toCase(shape: Shape): Case {
  return {
    name: shape.name,
    subjects: [
      ours("on + unsubscribe", ourChurn(shape), shape.goals && { goals: shape.goals }),
      ...SYNC_PEERS.filter((kind) => fits(kind, shape)).map((kind) => peer(kind, peerChurn(shape))),
    ],
  };
}

/** `off` of the oldest plus `on` of a new subscription. */
export const churnQuestion: Question = {
  id: "churn",
  title: "Replace the oldest subscription (off + on)",
  measure: "ns",
  states: ["used"],
  cases: SHAPES.map(toCase),
  notes: [
    "tseep and EventTarget have no row with 100 000 handlers on one pattern: filling them takes minutes.",
  ],
};
