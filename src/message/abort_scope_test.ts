import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { AbortScope } from "./abort_scope.ts";

describe("AbortScope", () => {
  it("makes its signal once, at its first use", () => {
    const scope = new AbortScope();
    const { signal } = scope;
    assertStrictEquals(scope.signal, signal);
    assertEquals(signal.aborted, false);
  });

  it("aborts its signal with the first reason", () => {
    const scope = new AbortScope();
    const { signal } = scope;
    scope.abort("first");
    scope.abort("second");
    assertEquals([signal.aborted, signal.reason], [true, "first"]);
  });

  it("gives a signal that is already aborted when it is asked for later", () => {
    const scope = new AbortScope();
    scope.abort("first");
    scope.abort("second");
    assertEquals([scope.signal.aborted, scope.signal.reason], [true, "first"]);
  });

  it("aborts those inside it, however deep, and none around it", () => {
    const outer = new AbortScope();
    const middle = new AbortScope(outer);
    const inner = new AbortScope(middle);
    middle.abort("middle");
    assertEquals([outer, middle, inner].map(({ signal }) => signal.aborted), [false, true, true]);
    assertEquals(inner.signal.reason, "middle");
    outer.abort("outer");
    assertEquals(inner.signal.reason, "middle");
  });

  it("is aborted at birth inside an aborted one", () => {
    const outer = new AbortScope();
    outer.abort("late");
    assertEquals(new AbortScope(outer).signal.reason, "late");
  });

  it("is not reached from outside after leave()", () => {
    const outer = new AbortScope();
    const left = new AbortScope(outer);
    const stays = new AbortScope(outer);
    left.leave();
    left.leave();
    outer.abort("outer");
    assertEquals([left.signal.aborted, stays.signal.aborted], [false, true]);
  });

  it("may be left and opened while its outer one aborts", () => {
    const outer = new AbortScope();
    const inner = new AbortScope(outer);
    inner.signal.addEventListener("abort", () => {
      inner.leave();
      assertEquals(new AbortScope(outer).signal.aborted, true);
    });
    outer.abort("outer");
    assertEquals(inner.signal.aborted, true);
  });

  it("knows the scope around it", () => {
    const outer = new AbortScope();
    assertStrictEquals(new AbortScope(outer).outer, outer);
    assertEquals(outer.outer, undefined);
  });
});
