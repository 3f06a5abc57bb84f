import { describe, it } from "@std/testing/bdd";
import { assertSpyCall, assertSpyCalls, MockError, spy, stub } from "@std/testing/mock";
import { assertEquals, AssertionError, assertThrows } from "@std/assert";

class Door {
  opened = 0;
  open(by: number): number {
    return this.opened += by;
  }
}

describe("spy()", () => {
  it("records the calls of a function", () => {
    const double = spy((n: number) => n * 2);
    assertEquals(double(4), 8);
    assertSpyCalls(double, 1);
    assertSpyCall(double, 0, { args: [4], returned: 8 });
    assertThrows(() => assertSpyCalls(double, 2), AssertionError, "Expected 2 calls");
    assertThrows(() => assertSpyCall(double, 0, { args: [5] }), AssertionError, "'args'");
  });

  it("records what was thrown", () => {
    const broken = spy(() => {
      throw new RangeError("far");
    });
    assertThrows(broken, RangeError);
    assertSpyCall(broken, 0, { error: { Class: RangeError, msgIncludes: "far" } });
  });

  it("watches a method until restored", () => {
    const door = new Door();
    const open = spy(door, "open");
    door.open(2);
    assertSpyCall(open, 0, { args: [2], self: door, returned: 2 });
    open.restore();
    door.open(1);
    assertSpyCalls(open, 1);
    assertThrows(() => open.restore(), MockError);
  });
});

describe("stub()", () => {
  it("replaces a method until restored", () => {
    const door = new Door();
    const open = stub(door, "open", (by) => -by);
    assertEquals([door.open(3), door.opened], [-3, 0]);
    open.restore();
    assertEquals(door.open(3), 3);
  });
});
