import fc from "fast-check";
import type { OnExhausted } from "../verdict.ts";

/** What the next call of the handler does. */
export type Script =
  | "return"
  | "resolve"
  | "throw"
  | "reject"
  | "nack"
  | "early"
  | "late"
  | "obey";

/** What happens next. */
export type Step =
  | { kind: "publish"; key: number; lane: number; script: Script[] }
  | { kind: "tick"; ms: number }
  | { kind: "block"; ms: number }
  | { kind: "rebalance"; lane: number; within: number }
  | { kind: "snatch"; lane: number }
  | { kind: "fault"; method: "fetch" | "ack" | "requeue" | "extend" | "source" }
  | { kind: "pause"; member: number }
  | { kind: "resume"; member: number }
  | { kind: "restart"; member: number }
  | { kind: "cancel"; member: number }
  | { kind: "kill"; member: number };

/** What a history takes place in. */
export interface World {
  settle: "each" | "prefix" | "none";
  intake: "fetch" | "admit" | "offer";
  lease: number;
  ackDelay: number;
  members: number;
  workers: number;
  prefetch: number;
  ordered: false | "key" | "function";
  batch: number;
  retries: number;
  fate: "letters" | "transferred letters" | OnExhausted;
  killSwitch: boolean;
}

export const LANES = 2;
/** Milliseconds of a handler that is late; a restart waits less. */
export const LATE = 2_500;

const lane = fc.integer({ min: 0, max: LANES - 1 });
const member = fc.integer({ min: 0, max: 1 });
const scripts = fc.constantFrom<Script>(
  "return",
  "resolve",
  "throw",
  "reject",
  "nack",
  "early",
  "late",
  "obey",
);

/** Any world. */
export const world: fc.Arbitrary<World> = fc.record({
  settle: fc.constantFrom("each", "each", "prefix", "prefix", "none"),
  intake: fc.constantFrom("fetch", "fetch", "admit", "offer"),
  lease: fc.constantFrom(0, 1_000),
  ackDelay: fc.constantFrom(0, 0, 150),
  members: fc.constantFrom(1, 1, 2),
  workers: fc.integer({ min: 1, max: 4 }),
  prefetch: fc.integer({ min: 4, max: 12 }),
  ordered: fc.constantFrom<World["ordered"]>(false, "key", "function"),
  batch: fc.constantFrom(0, 0, 2, 3),
  retries: fc.integer({ min: 0, max: 3 }),
  fate: fc.constantFrom("letters", "transferred letters", "redeliver", "discard"),
  killSwitch: fc.constantFrom(false, false, true),
});

/** Any step, the harmless ones more often. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      key: fc.integer({ min: 0, max: 3 }),
      lane,
      script: fc.array(scripts, { maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tick" as const), ms: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("block" as const), ms: fc.nat(1_500) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rebalance" as const),
      lane,
      within: fc.constantFrom(0, 50, 5_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("snatch" as const), lane }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      method: fc.constantFrom("fetch", "ack", "requeue", "extend", "source"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const), member }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("restart" as const, "cancel" as const, "kill" as const),
      member,
    }),
  },
);
