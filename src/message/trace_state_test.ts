import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { traceStateOf } from "./trace_state.ts";

describe("traceStateOf()", () => {
  const state = traceStateOf([["a", "1"], ["b", "2"]]);

  it("gives members and their text", () => {
    assertEquals([state.get("b"), state.get("c"), state.serialize()], ["2", undefined, "a=1,b=2"]);
  });

  it("puts what is set first, and changes nothing in place", () => {
    assertEquals(state.set("b", "3").serialize(), "b=3,a=1");
    assertEquals(state.unset("a").serialize(), "b=2");
    assertEquals(state.serialize(), "a=1,b=2");
  });
});
