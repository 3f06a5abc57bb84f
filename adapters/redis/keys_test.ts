import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { keysOf, topicOf } from "./keys.ts";

/** What decides the slot of a key in a cluster: the first braces that hold something, else all of it. */
function tagOf(key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key;
}

describe("keysOf()", () => {
  it("puts all keys of a topic into one slot of a cluster", () => {
    for (const partitions of [1, 3]) {
      const keys = keysOf("app:", "orders.paid", partitions);
      const all = [
        ...keys.streams,
        ...[keys.config, keys.idle, keys.members("g"), keys.owners("g"), keys.delayed("g", 1)],
      ];
      assertEquals(new Set(all.map(tagOf)), new Set(["app:orders.paid"]));
    }
  });

  it("leaves the stream of a topic without partitions the name that others know", () => {
    assertEquals(keysOf("", "orders", 1).streams, ["orders"]);
  });

  it("gives each partition a stream of its own", () => {
    assertEquals(keysOf("", "orders", 3).streams, ["{orders}:0", "{orders}:1", "{orders}:2"]);
  });
});

describe("topicOf()", () => {
  it("finds the topic of each stream", () => {
    for (const partitions of [1, 3]) {
      for (const stream of keysOf("app:", "orders", partitions).streams) {
        assertEquals(topicOf("app:", stream), "orders");
      }
    }
  });

  it("knows no topic without the prefix", () => {
    assertEquals(topicOf("app:", "orders"), undefined);
  });
});
