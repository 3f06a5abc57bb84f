import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TopicMemory } from "./topic_memory.ts";

describe("the memory of topics", () => {
  it("knows what was handled under another topic", () => {
    const memory = new TopicMemory();
    memory.remember("a", "orders");
    assertEquals(["orders", "bills"].map((topic) => memory.isOther("a", topic)), [false, true]);
    assertEquals(memory.isOther("b", "orders"), false);
  });

  it("keeps the last ten thousand, and one that is handled again in one place", () => {
    const memory = new TopicMemory();
    const knows = (key: number) => memory.isOther(`${key}`, "other");
    for (let key = 0; key < 10_000; key++) memory.remember(`${key}`, "orders");
    for (let times = 0; times < 5; times++) memory.remember("1", "orders");
    assertEquals([knows(0), knows(1), knows(9_999)], [true, true, true]);
    for (let key = 10_000; key < 10_003; key++) memory.remember(`${key}`, "orders");
    assertEquals([0, 1, 2, 3, 10_002].map(knows), [false, false, false, true, true]);
    for (let key = 20_000; key < 45_000; key++) memory.remember(`${key}`, "orders");
    assertEquals([34_999, 35_000, 44_999].map(knows), [false, true, true]);
  });
});
