import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Turns } from "./turns.ts";

describe("Turns", () => {
  it("has what goes by one name wait for each other, also for what fails, and nothing else", async () => {
    const turns = new Turns();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.run("a", async () => {
      log.push("a1");
      await gate.promise;
      throw new Error("no");
    });
    const failed = assertRejects(() => first, Error, "no");
    const second = turns.run("a", () => {
      log.push("a2");
      return Promise.resolve(2);
    });
    await turns.run("b", () => Promise.resolve(log.push("b1")));
    assertEquals(log, ["a1", "b1"]);
    gate.resolve();
    await failed;
    assertEquals([await second, log], [2, ["a1", "b1", "a2"]]);
  });
});
