import { assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Resolution, STALE } from "./resolution.ts";
import { ResolutionCache } from "./resolution_cache.ts";

function fresh(type: string): Resolution {
  const resolution = new Resolution(type);
  resolution.version = 1;
  return resolution;
}

describe("ResolutionCache", () => {
  it("get() finds what was added", () => {
    const cache = new ResolutionCache();
    const added = fresh("a");
    cache.add(added);
    assertStrictEquals(cache.get("a"), added);
    assertEquals(cache.get("b"), undefined);
  });

  it("add() keeps a bounded number of types", () => {
    const cache = new ResolutionCache();
    for (let i = 0; i < 100_000; i++) cache.add(fresh(`type.${i}`));
    assertLess(cache.size, 5_000);
  });

  it("add() keeps a bounded number of characters", () => {
    const cache = new ResolutionCache();
    for (let i = 0; i < 100; i++) cache.add(fresh(`${i}`.padEnd(100_000, "x")));
    assertLess(cache.size, 5);
  });

  it("get() keeps what is used while other types come and go", () => {
    const cache = new ResolutionCache();
    const used = fresh("used");
    cache.add(used);
    for (let i = 0; i < 20_000; i++) {
      cache.add(fresh(`other.${i}`));
      if (i % 100 === 0) assertStrictEquals(cache.get("used"), used);
    }
    assertEquals(used.version, 1);
  });

  it("add() makes stale what it forgets", () => {
    const cache = new ResolutionCache();
    const forgotten = fresh("forgotten");
    cache.add(forgotten);
    for (let i = 0; cache.get("probe") === undefined && i < 20_000; i++) {
      cache.add(fresh(`other.${i}`));
    }
    assertEquals(forgotten.version, STALE);
  });

  it("take() removes from either generation", () => {
    const cache = new ResolutionCache();
    const taken = fresh("taken");
    cache.add(taken);
    assertStrictEquals(cache.take("taken"), taken);
    assertEquals(cache.get("taken"), undefined);
    assertEquals(cache.take("taken"), undefined);
    assertEquals(taken.version, 1);
  });
});
