import { check } from "../options/options.ts";
import { STAGES } from "./flow_options.ts";
import type { FlowContext } from "./flow_context.ts";
import type { Stage } from "./flow_options.ts";

/** Makes the `stages` of the bus that `serve` gives: once, and until `isServing` says so. */
export function createStageNamer(
  { settings }: FlowContext,
  isServing: () => boolean,
): (stages: readonly Stage[]) => void {
  const action = "name the stages";
  let isNamed = false;
  return (stages) => {
    check(action, "stages", stages, STAGES);
    if (isNamed) throw new TypeError(`Cannot ${action} as they are named already`);
    if (isServing()) throw new TypeError(`Cannot ${action} as the thread serves already`);
    isNamed = true;
    settings.stages = [...stages];
  };
}
