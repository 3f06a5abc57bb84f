import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import { ModelRun } from "./testdata/model_run.ts";
import { type Step, step, type World, world } from "./testdata/model_world.ts";

/**
 * Histories a run: `RUNS=100000` looks longer, `SEED=1` always at the same ones, and `SHRINK=no` leaves
 * the first that fails as it is.
 */
const SEED = readVariable("SEED");
const PARAMETERS: fc.Parameters<unknown> = {
  numRuns: Number(readVariable("RUNS") ?? 100),
  endOnFailure: readVariable("SHRINK") === "no",
  ...SEED !== undefined && { seed: Number(SEED) },
};

describe("consume() against a model", () => {
  it("loses nothing, keeps order and bounds, and balances its books", async () => {
    const history = fc.array(step, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        world,
        history,
        (facts, steps) => withFakeTime((time) => new ModelRun(facts, time).play(steps)),
      ),
      PARAMETERS as fc.Parameters<[World, Step[]]>,
    );
  });
});

function readVariable(name: string): string | undefined {
  try {
    return globalThis.process?.env[name];
  } catch {
    // Where the environment may not be read, the default holds.
    return undefined;
  }
}
