import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Registry } from "./registry.ts";

describe("Registry", () => {
  it("lets go of all wildcards that have ended but the last, though nobody emits again", () => {
    const registry = new Registry();
    const resolutions = [1, 2, 3, 4].map((job) => {
      const ended = registry.add(`job.${job}.*`, () => {});
      const resolution = registry.lookup({ type: `job.${job}.done` });
      assertEquals(resolution.registrations.length, 1);
      ended.unsubscribe();
      return resolution;
    });
    assertEquals(resolutions.map(({ first }) => first !== undefined), [false, false, false, true]);
    for (const { registrations, next, type } of resolutions.slice(0, 3)) {
      assertEquals([registrations.length, next.type], [0, type]);
    }
  });

  it("finds the handlers anew after a wildcard has ended", () => {
    const registry = new Registry();
    const ended = registry.add("*", () => {});
    const stays = registry.add("**", () => {});
    registry.lookup({ type: "a" });
    ended.unsubscribe();
    assertEquals(registry.lookup({ type: "a" }).registrations, [stays]);
    const exact = registry.add("a", () => {});
    assertEquals(registry.lookup({ type: "a" }).registrations, [stays, exact]);
  });
});
