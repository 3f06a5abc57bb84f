import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { readEnvironment } from "../runtime/environment.ts";
import { scenario } from "./scenario.ts";

/** Sets `BEAT_SCENARIO` for a test; says whether this process may. */
function withScenario(name: string, run: () => void): void {
  try {
    process.env.BEAT_SCENARIO = name;
  } catch {
    assertEquals(readEnvironment("BEAT_SCENARIO"), undefined);
    assertEquals(scenario().capabilities.engine, "sync", "what may not be read counts as unset");
    return;
  }
  try {
    run();
  } finally {
    delete process.env.BEAT_SCENARIO;
  }
}

describe("scenario() without a name", () => {
  it("takes the one of BEAT_SCENARIO", () =>
    withScenario("async", () => assertEquals(scenario().capabilities.engine, "async")));

  it("refuses a BEAT_SCENARIO that names none", () =>
    withScenario("asnyc", () => {
      assertThrows(() => scenario(), RangeError, "current value is 'asnyc'");
    }));

  it("takes an empty BEAT_SCENARIO for none", () =>
    withScenario("", () => assertEquals(scenario().capabilities.engine, "sync")));

  it("makes a sync bus where it is not set", () => {
    assertEquals(scenario().capabilities.engine, "sync");
  });
});
