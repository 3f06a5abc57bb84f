import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { checkedGroupName, defaultGroupName } from "./group_name.ts";

describe("defaultGroupName()", () => {
  it("gives no two groups on two topics one name, and none with spaces", () => {
    assertEquals(defaultGroupName("billing", "orders.paid"), "billing.orders.paid");
    assertEquals(defaultGroupName("billing.orders", "paid"), "billing%2Eorders.paid");
    assertEquals(defaultGroupName("my 100%\t", "orders"), "my%20100%25%09.orders");
  });
});

describe("checkedGroupName()", () => {
  it("refuses a name that the client would not take", () => {
    for (const name of ["two words", "", undefined]) {
      const named = checkedGroupName(() => name as string);
      assertThrows(
        () => named("a", "b"),
        RangeError,
        "'groupName' must give a text without spaces",
      );
    }
    assertEquals(checkedGroupName((group, topic) => `${topic}_${group}`)("a", "b"), "b_a");
  });
});
