import type { Stage } from "../engines/flow.ts";
import type { ThreadOptions } from "../engines/threads.ts";

/** Which kind of bus a profile asks for. */
export type ProfileName = ScenarioName | "auto";

/** What a scenario is called. */
export type ScenarioName = "sync" | "async" | "flow";

/** What a program expects of its bus; see `option` and `advise`. */
export interface Profile {
  /** The kind of bus; with `"auto"` the advisor chooses it from `stages`, `tps`, `lat`. */
  name: ProfileName;
  /**
   * How many emitters run at a time, 3 266 800 at most. A flow bus takes 200 and a fiftieth of it as
   * its batch size.
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
  /**
   * What batches of events go through. With stages, none even, `"auto"` is a flow bus. Not beside
   * `handlers`.
   */
  stages?: readonly Stage[];
  /**
   * What threads run, as `forAsync` takes it: with it there are threads, and `"auto"` is an async
   * bus. The module names the stages of a flow bus.
   */
  handlers?: ThreadOptions["handlers"];
  /**
   * Cores that threads may use, 62 at most: there is one thread for every two of them. Only beside
   * `handlers`.
   *
   * @default {those of the machine: one thread less than it has}
   */
  cores?: number;
  /**
   * How long the first event of a flow bus's batch waits for others, in milliseconds.
   *
   * @default {100}
   */
  batchTimeout?: number;
}

/** The profiles that the names of `scenario` stand for. */
export const PRESETS: { readonly [N in ScenarioName]: Readonly<Profile & { name: N }> } = Object
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
