import { describe, it } from "@std/testing/bdd";

describe("planted", () => {
  it("passes", () => {});
  it("fails", () => {
    throw new Error("planted");
  });
  it("leaks", () => {
    setTimeout(() => {}, 10);
  });
  it.skip("is skipped (no reason)");
});
