import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RecentEntries } from "./recent_entries.ts";

function filled(): RecentEntries<string, number> {
  const entries = new RecentEntries<string, number>(3);
  for (const [at, key] of ["a", "b", "c"].entries()) entries.set(key, at);
  return entries;
}

const found = (entries: RecentEntries<string, number>) =>
  ["a", "b", "c", "d"].filter((key) => entries.has(key)).join("");

describe("RecentEntries", () => {
  it("keeps as many as it is told to, and forgets first what was set longest ago", () => {
    const entries = filled();
    assertEquals([found(entries), entries.size], ["abc", 3]);
    entries.set("d", 3);
    assertEquals([found(entries), entries.size, entries.get("a")], ["bcd", 3, undefined]);
  });

  it("takes what is set again for the last, and forgets nothing for it", () => {
    const entries = filled();
    entries.set("a", 7);
    assertEquals([found(entries), entries.get("a")], ["abc", 7]);
    entries.set("d", 3);
    assertEquals(found(entries), "acd");
  });

  it("has room again when something is deleted", () => {
    const entries = filled();
    entries.delete("b");
    entries.delete("nobody");
    entries.set("d", 3);
    assertEquals([found(entries), entries.size], ["acd", 3]);
  });
});
