import {
  ANYTHING,
  check,
  checkOptions,
  choice,
  DURATION,
  integer,
  integerWithin,
  OBJECT,
} from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import type { Rules } from "../options/options.ts";
import { CAPACITY } from "../engines/async_options.ts";
import { STAGES } from "../engines/flow_options.ts";
import { checkHandlers, mostThreads } from "../engines/thread_options.ts";
import type { Stage } from "../engines/flow.ts";
import type { Profile } from "./profile.ts";

/** What the advisor makes of a profile: the engine, its parameters, and why. */
export interface Advice {
  /** The kind of bus. */
  engine: "sync" | "async" | "flow";
  /** What its threads run; only where there are some. */
  handlers?: Profile["handlers"];
  /** Threads beside the one that makes the bus; only where the profile says how many cores. */
  threads?: number;
  /** Events a batch; only for a flow bus. */
  batchSize?: number;
  /** How long the first event of a batch waits, in milliseconds; only for a flow bus. */
  batchTimeout?: number;
  /** What its batches go through; only for a flow bus. */
  stages?: readonly Stage[];
  /** The rule that chose the engine, as a sentence. */
  reason: string;
}

const ACTION = "use the profile";

const NAME = choice("sync", "async", "flow", "auto");

/** Events a batch has beside what `conc` adds to it, and how many emitters add one. */
const LEAST_BATCH = 200;
const EMITTERS = 50;

/** What a bus would refuse is refused here, by the name that it has in the profile. */
const RULES: Rules = {
  name: NAME,
  conc: integerWithin(0, (CAPACITY - LEAST_BATCH) * EMITTERS),
  tps: integer(0),
  lat: choice("ultra_low", "low", "med"),
  handlers: ANYTHING,
  cores: integerWithin(1, 2 * mostThreads()),
  batchTimeout: DURATION,
  stages: STAGES,
};

const BUSY_TPS = 50_000;

/**
 * Says which bus fits a profile, and why; `option` builds it, and refuses the same profiles. The
 * machine has no say: the same profile gives the same kind of bus everywhere.
 *
 * @param profile What the program expects.
 * @returns The advice.
 * @throws {TypeError} If a field is unknown or of a wrong type, or does not go with another one:
 *   `stages` with `handlers` or a bus that has none, `cores` without `handlers`.
 * @throws {RangeError} If `name`, `lat` or a number is out of its range.
 *
 * @example Why a profile becomes an async bus
 * ```ts
 * import { advise } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const advice = advise({ name: "auto", tps: 80_000 });
 * assertEquals(advice.engine, "async");
 * assertEquals(advice.reason, "80000 events a second are more than 50000");
 * ```
 */
export function advise(profile: Profile): Advice {
  check(ACTION, "profile", profile, OBJECT);
  checkOptions(ACTION, profile, RULES);
  const { conc = 5_000, cores, handlers, batchTimeout = 100, stages } = profile;
  check(ACTION, "name", profile.name, NAME);
  if (handlers !== undefined) {
    checkHandlers(ACTION, handlers);
    if (stages !== undefined) refuse(ACTION, "stages", "left out beside 'handlers'", stages);
  } else if (cores !== undefined) refuse(ACTION, "cores", "left out without 'handlers'", cores);
  const { engine, reason } = choose(profile);
  const threads = {
    ...(handlers !== undefined && { handlers }),
    ...(cores !== undefined && { threads: Math.max(1, Math.floor(cores / 2)) }),
  };
  if (engine === "flow") {
    const batchSize = LEAST_BATCH + Math.floor(conc / EMITTERS);
    return { engine, batchSize, batchTimeout, ...(stages && { stages }), ...threads, reason };
  }
  // Left out without a word they would be work that is never done.
  if (stages !== undefined) {
    refuse(ACTION, "name", "flow or auto with stages", engine);
  }
  if (engine === "sync" && handlers !== undefined) {
    refuse(ACTION, "name", "async, flow or auto with handlers", engine);
  }
  return { engine, ...threads, reason };
}

function choose(profile: Profile): Pick<Advice, "engine" | "reason"> {
  const { name, tps = 0, lat = "low", stages, handlers } = profile;
  if (name !== "auto") return { engine: name, reason: `the profile names '${name}'` };
  if (stages !== undefined) return { engine: "flow", reason: "the profile has stages" };
  if (handlers !== undefined) return { engine: "async", reason: "the profile has threads" };
  if (tps > BUSY_TPS) {
    return { engine: "async", reason: `${tps} events a second are more than ${BUSY_TPS}` };
  }
  if (lat === "ultra_low") return { engine: "async", reason: "the latency is 'ultra_low'" };
  return {
    engine: "sync",
    reason: `neither more than ${BUSY_TPS} events a second nor a latency of 'ultra_low'`,
  };
}
