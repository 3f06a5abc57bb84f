import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";

const log: string[] = [];

describe("bdd", () => {
  beforeAll(() => void log.push("before all"));
  beforeEach(() => void log.push("before each"));
  afterEach(() => void log.push("after each"));
  afterAll(() => void log.push("after all"));

  it("runs the hooks around the first case", () => {
    assertEquals(log, ["before all", "before each"]);
    log.length = 0;
  });

  describe("a suite inside", () => {
    beforeAll(() => void log.push("inner before all"));
    beforeEach(() => void log.push("inner before each"));
    afterEach(() => void log.push("inner after each"));
    afterAll(() => void log.push("inner after all"));

    it("runs outer hooks before inner ones", () => {
      assertEquals(log, ["after each", "inner before all", "before each", "inner before each"]);
      log.length = 0;
    });
  });

  it("runs inner hooks before outer ones on the way out", () => {
    assertEquals(log, ["inner after each", "after each", "inner after all", "before each"]);
    log.length = 0;
  });
});

describe("bdd, afterwards", () => {
  it("has run the last hooks", () => {
    assertEquals(log, ["after each", "after all"]);
  });
});
