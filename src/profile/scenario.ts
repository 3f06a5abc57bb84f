import { BUS_RULES } from "../core/bus_core.ts";
import { check, checkOptions, choice } from "../options/options.ts";
import { hooksOf } from "../engines/in_thread.ts";
import { readEnvironment } from "../runtime/environment.ts";
import { advise } from "./advisor.ts";
import { forAsync, forFlow, forSync } from "./factory.ts";
import { PRESETS } from "./profile.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { AsyncBus, Bus, SyncBus } from "../core/contracts.ts";
import type { FlowBus, FlowErrorContext } from "../core/flow_contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { AsyncOptions } from "../engines/async.ts";
import type { FlowOptions } from "../engines/flow.ts";
import type { Stage } from "../engines/flow.ts";
import type { ThreadOptions } from "../engines/threads.ts";
import type { Profile, ScenarioName } from "./profile.ts";

/** Options of `scenario` and `option`: who hears of errors and drops on a bus of any kind. */
export interface HookOptions extends BusOptions {
  /**
   * Receives every error that no caller receives; the kind of bus decides which fields of the
   * context there are. What it throws itself is printed.
   *
   * @default {console.error, for the first failure of each subscription and of each stage}
   */
  onError?: (error: unknown, context: FlowErrorContext) => void;
}

/**
 * Creates a bus by the name of its scenario.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param name The scenario; without it the environment variable `BEAT_SCENARIO` names it, if it
 *   may be read without a prompt, else it is `"sync"`.
 * @param options Who hears of errors and drops.
 * @returns The bus.
 * @throws {RangeError} If the name is not that of a scenario.
 * @throws {TypeError} If an option is unknown or no function.
 *
 * @example By name
 * ```ts
 * import { scenario } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(scenario("async").capabilities.engine, "async");
 * ```
 */
export function scenario<M extends object = OpenEventMap>(
  name: "sync",
  options?: BusOptions,
): SyncBus<M>;
/** Creates a bus that queues its events. */
export function scenario<M extends object = OpenEventMap>(
  name: "async",
  options?: BusOptions,
): AsyncBus<M>;
/** Creates a bus that collects events in batches; it has no stages. */
export function scenario<M extends object = OpenEventMap>(
  name: "flow",
  options?: HookOptions,
): FlowBus<M>;
/** Creates the bus that a name or `BEAT_SCENARIO` asks for. */
export function scenario<M extends object = OpenEventMap>(
  name?: ScenarioName,
  options?: HookOptions,
): Bus<M>;
export function scenario<M extends object>(
  name?: ScenarioName,
  options?: BusOptions | HookOptions,
): Bus<M> {
  const chosen = name === undefined ? readEnvironment("BEAT_SCENARIO") || "sync" : name;
  check("create a bus", "scenario", chosen, choice("sync", "async", "flow"));
  return option<M>(PRESETS[chosen as ScenarioName], options as HookOptions);
}

/**
 * Creates the bus that fits a profile: what {@linkcode advise} says, built. Of what kind it is the
 * compiler knows where the profile's type says it: by a name other than `"auto"`, or by `stages` or
 * `handlers` beside that.
 *
 * @typeParam M The event map; without one any type carries any data.
 * @param profile What the program expects of its bus.
 * @param options Who hears of errors and drops.
 * @returns The bus.
 * @throws {TypeError} If a field or an option is unknown or of a wrong type.
 * @throws {RangeError} If a field is out of its range.
 * @throws {UnsupportedError} If the runtime cannot have the threads that it asks for.
 *
 * @example A busy program gets a queue
 * ```ts
 * import { option } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = option({ name: "auto", tps: 200_000 });
 * assertEquals(bus.capabilities.engine, "async");
 * ```
 */
export function option<M extends object = OpenEventMap>(
  profile: Profile & { name: "sync" },
  options?: BusOptions,
): SyncBus<M>;
/** Creates a bus that queues its events, with threads or without. */
export function option<M extends object = OpenEventMap>(
  profile: Profile & ({ name: "async" } | { name: "auto"; handlers: ThreadOptions["handlers"] }),
  options?: BusOptions,
): AsyncBus<M>;
/** Creates a bus that collects events in batches. */
export function option<M extends object = OpenEventMap>(
  profile: Profile & ({ name: "flow" } | { name: "auto"; stages: readonly Stage[] }),
  options?: HookOptions,
): FlowBus<M>;
/** Creates the bus of a profile that is known at run time. */
export function option<M extends object = OpenEventMap>(
  profile: Profile,
  options?: HookOptions,
): Bus<M>;
export function option<M extends object>(
  profile: Profile,
  options: BusOptions | HookOptions = {},
): Bus<M> {
  const { engine, reason: _reason, ...advised } = advise(profile);
  checkOptions("create a bus", options, BUS_RULES);
  const all = { ...advised, ...hooksOf(options as BusOptions) };
  if (engine === "flow") return forFlow(all as FlowOptions) as unknown as Bus<M>;
  return engine === "async" ? forAsync<M>(all as AsyncOptions) : forSync<M>(all);
}
