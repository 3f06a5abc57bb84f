import type { Stage } from "../engines/flow.ts";
import type { ThreadOptions } from "../engines/threads.ts";

/** Which kind of bus a profile asks for. */
export type ProfileName = "sync" | "async" | "flow" | "auto";

/** What a program expects of its bus; see `option` and `advise`. */
export interface Profile {
  /** The kind of bus; with `"auto"` the advisor chooses it from `stages`, `tps`, `lat`. */
  name: ProfileName;
  /**
   * How many emitters run at a time. A flow bus takes 200 and a fiftieth of it as its batch size.
   *
   * @default {5000}
   */
  conc?: number;
  /**
   * Expected events a second. More than 50 000 make `"auto"` an async bus.
   *
   * @default {0}
   */
  tps?: number;
  /**
   * How soon `emit` must return. `"ultra_low"` makes `"auto"` an async bus.
   *
   * @default {"low"}
   */
  lat?: "ultra_low" | "low" | "med";
  /** What batches of events go through. With stages, none even, `"auto"` is a flow bus. */
  stages?: readonly Stage[];
  /**
   * What threads run, as `forAsync` takes it: with it there are threads, and `"auto"` is an async bus
   * unless there are stages. The module names the stages of a flow bus.
   */
  handlers?: ThreadOptions["handlers"];
  /** Cores that threads may use: there is one thread for every two of them. @default {all of the machine} */
  cores?: number;
  /**
   * How long the first event of a flow bus's batch waits for others, in milliseconds.
   *
   * @default {100}
   */
  batchTimeout?: number;
}

/** The profiles that the names of `scenario` stand for. */
export const PRESETS: Readonly<Record<"sync" | "async" | "flow", Readonly<Profile>>> = Object
  .freeze({
    sync: Object.freeze({ name: "sync", conc: 1_000, tps: 10_000, lat: "low" }),
    async: Object.freeze({ name: "async", conc: 100_000, tps: 500_000, lat: "ultra_low" }),
    flow: Object.freeze({
      name: "flow",
      conc: 5_000,
      tps: 50_000,
      lat: "med",
      batchTimeout: 100,
    }),
  });
