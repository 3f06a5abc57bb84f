import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findFaultsWithoutTest, PAGE } from "./_fault_table.ts";
import { readText } from "./_files.ts";

describe("findFaultsWithoutTest()", () => {
  it("finds nothing amiss in the house", () => assertEquals(findFaultsWithoutTest(), []));

  it("finds a test that is not there any more", () => {
    const found = findFaultsWithoutTest(readText(PAGE), () => "nothing");
    assertEquals(found.some((one) => one.includes("has no test “reconnect: ")), true);
  });

  it("finds a file that is not there any more", () => {
    const found = findFaultsWithoutTest(readText(PAGE), () => undefined);
    assertEquals(found.some((one) => one.includes("reconnect.ts is not there")), true);
  });

  it("finds a transport of which nothing is said, one that nobody knows, and a wrong row", () => {
    const page = `| 1. It rains | ✔ |

## 1. It rains

- **all but one**: [rain.ts](../rain.ts) “is wet”
`;
    const found = findFaultsWithoutTest(page, () => "is wet");
    const says = (text: string) => found.filter((one) => one.includes(text)).length;
    assertEquals(says("there are 28"), 1);
    assertEquals(says("nothing is said of"), 10);
    assertEquals(says("there is no transport 'all but one'"), 1);
    assertEquals(says("its row of the table must be"), 1);
  });
});
