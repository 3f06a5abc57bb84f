import { assert, assertEquals, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import type { Claim, Store } from "../message/store.ts";
import { memoryStore } from "./memory_store.ts";

async function claim(store: Store, key: string, lease = 1_000): Promise<Claim> {
  const result = await store.claim(key, lease);
  assert(result.kind === "claimed", `${key} is ${result.kind}`);
  return result.claim;
}

const kindOf = async (store: Store, key: string) => (await store.claim(key, 1_000)).kind;

describe("memoryStore", () => {
  it("a claimed key is in flight until its lease is over", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      await claim(store, "a", 1_000);
      time.tick(400);
      assertEquals(await store.claim("a", 1_000), { kind: "in-flight", retryAfter: 600 });
      time.tick(600);
      await claim(store, "a");
    }));

  it("a key is done until its time is over", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      assertEquals(await store.done("a", await claim(store, "a"), 5_000), true);
      time.tick(4_999);
      assertEquals(await kindOf(store, "a"), "done");
      time.tick(1);
      assertEquals(await kindOf(store, "a"), "claimed");
    }));

  it("a released key can be claimed at once", async () => {
    const store = memoryStore();
    assertEquals(await store.release("a", await claim(store, "a")), true);
    assertEquals(await kindOf(store, "a"), "claimed");
  });

  it("an extended claim is held on", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      const held = await claim(store, "a", 1_000);
      time.tick(900);
      assertEquals(await store.extend("a", held, 1_000), true);
      time.tick(900);
      assertEquals(await kindOf(store, "a"), "in-flight");
    }));

  it("refuses whoever lost the claim, by a token that grows with each", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      const old = await claim(store, "a", 1_000);
      time.tick(1_000);
      assertEquals(await store.extend("a", old, 1_000), false);
      const current = await claim(store, "a");
      assert(current.token > old.token);
      assertEquals(await store.extend("a", old, 1_000), false);
      assertEquals(await store.done("a", old, 1_000), false);
      assertEquals(await store.release("a", old), false);
      assertEquals(await kindOf(store, "a"), "in-flight");
      assertEquals(await store.done("a", current, 1_000), true);
      assertEquals(await store.release("a", current), false);
      assertEquals(await kindOf(store, "a"), "done");
    }));

  it("when full forgets what was done longest ago, aloud", async () => {
    const evicted: string[] = [];
    const store = memoryStore({ capacity: 3, onEvict: (key) => evicted.push(key) });
    for (const key of ["a", "b", "c", "d"]) {
      await store.done(key, await claim(store, key), 60_000);
    }
    assertEquals(evicted, ["a"]);
    assertEquals(store.size, 3);
    assertEquals(await kindOf(store, "d"), "done");
  });

  it("when full forgets what is expired before what is not, without a word", () =>
    withFakeTime(async (time) => {
      const evicted: string[] = [];
      const store = memoryStore({ capacity: 2, onEvict: (key) => evicted.push(key) });
      await store.done("a", await claim(store, "a"), 1_000);
      time.tick(500);
      await store.done("b", await claim(store, "b"), 1_000);
      time.tick(500);
      await claim(store, "c");
      assertEquals(await kindOf(store, "b"), "done");
      assertEquals(evicted, []);
    }));

  it("when full forgets an expired claim, and what is expired behind what is not, first", () =>
    withFakeTime(async (time) => {
      const evicted: string[] = [];
      const store = memoryStore({ capacity: 3, onEvict: (key) => evicted.push(key) });
      await store.done("long", await claim(store, "long"), 60_000);
      await store.done("short", await claim(store, "short"), 1_000);
      await claim(store, "crashed", 2_000);
      time.tick(1_000);
      await store.done("b", await claim(store, "b"), 60_000);
      time.tick(1_000);
      await store.done("c", await claim(store, "c"), 60_000);
      assertEquals(evicted, []);
      for (const key of ["long", "b", "c"]) assertEquals(await kindOf(store, key), "done");
      await claim(store, "d");
      assertEquals(evicted, ["long"]);
    }));

  it("still forgets what was done longest ago after keys behind it were done again and again", () =>
    withFakeTime(async (time) => {
      const evicted: string[] = [];
      const store = memoryStore({ capacity: 2, onEvict: (key) => evicted.push(key) });
      await store.done("long", await claim(store, "long"), 1_000_000);
      for (let turn = 0; turn < 20; turn++) {
        await store.done("short", await claim(store, "short"), 1);
        time.tick(1);
      }
      await store.done("b", await claim(store, "b"), 1_000_000);
      await claim(store, "c");
      assertEquals(evicted, ["long"]);
      await claim(store, "d");
      assertEquals(evicted, ["long", "b"]);
    }));

  it("claims although what hears of an eviction throws", async () => {
    const onEvict = () => {
      throw new Error("hook");
    };
    const store = memoryStore({ capacity: 1, onEvict });
    await store.done("a", await claim(store, "a"), 60_000);
    await claim(store, "b");
    assertEquals(store.size, 1);
  });

  it("when full of claims refuses another, until one expires", () =>
    withFakeTime(async (time) => {
      const store = memoryStore({ capacity: 2 });
      const first = await claim(store, "a", 1_000);
      await claim(store, "b", 1_000);
      await assertRejects(() => store.claim("c", 1_000), RangeError, "capacity is 2 keys");
      assertEquals(await store.extend("a", first, 5_000), true);
      time.tick(1_000);
      await claim(store, "c", 1_000);
      assertEquals(await kindOf(store, "a"), "in-flight");
    }));

  it("when full of claims makes room each time that one of them expires", () =>
    withFakeTime(async (time) => {
      const store = memoryStore({ capacity: 3 });
      for (const lease of [10, 20, 1_000]) await claim(store, `${lease}`, lease);
      await assertRejects(() => store.claim("early", 1_000), RangeError);
      for (const key of ["first", "second"]) {
        time.tick(10);
        await claim(store, key, 1_000);
      }
      await assertRejects(() => store.claim("late", 1_000), RangeError);
      assertEquals(await kindOf(store, "1000"), "in-flight");
    }));

  it("counts what is over until a claim makes it go, and nothing twice", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      await store.done("a", await claim(store, "a"), 100);
      time.tick(100);
      assertEquals(store.size, 1);
      await store.done("long", await claim(store, "long"), 10_000);
      assertEquals(store.size, 1);
      await store.done("b", await claim(store, "b"), 100);
      time.tick(100);
      // Behind one that is remembered it is found by who asks for it.
      await claim(store, "b");
      assertEquals(store.size, 2);
    }));

  it("when full forgets a claim that was shortened, when it is over", async () => {
    const store = memoryStore({ capacity: 1 });
    const held = await claim(store, "a", 60_000);
    assertEquals(await store.extend("a", held, 0), true);
    await claim(store, "b");
  });

  it("never keeps more than its capacity, and keeps what a model keeps", () =>
    withFakeTime(async (time) => {
      const key = fc.constantFrom("a", "b", "c", "__proto__");
      const step = fc.record({
        what: fc.constantFrom("claim", "done", "release", "extend"),
        key,
        wait: fc.constantFrom(0, 1, 500),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const store = memoryStore({ capacity: 4 });
          const model = new Map<string, { kind: "in-flight" | "done"; until: number }>();
          const held = new Map<string, Claim>();
          for (const { what, key, wait } of steps) {
            time.tick(wait);
            const known = model.get(key);
            const live = known !== undefined && known.until > time.now ? known : undefined;
            const mine = held.get(key);
            if (what === "claim") {
              const result = await store.claim(key, 700);
              assertEquals(result.kind, live?.kind ?? "claimed");
              if (result.kind !== "claimed") continue;
              held.set(key, result.claim);
              model.set(key, { kind: "in-flight", until: time.now + 700 });
            } else if (mine !== undefined) {
              const expected = live?.kind === "in-flight";
              if (what === "done") {
                assertEquals(await store.done(key, mine, 900), expected);
                if (expected) model.set(key, { kind: "done", until: time.now + 900 });
              } else if (what === "release") {
                assertEquals(await store.release(key, mine), expected);
                if (expected) model.delete(key);
              } else {
                assertEquals(await store.extend(key, mine, 700), expected);
                if (expected) model.set(key, { kind: "in-flight", until: time.now + 700 });
              }
            }
            assertLessOrEqual(store.size, 4);
          }
        }),
        { numRuns: 100 },
      );
    }));

  it("refuses malformed options and times", async () => {
    assertThrows(() => memoryStore({ capacity: 0 }), RangeError, "'capacity'");
    const store = memoryStore();
    await assertRejects(() => store.claim("a", NaN), RangeError, "'lease'");
    const held = await claim(store, "a");
    await assertRejects(() => store.extend("a", held, -1), RangeError, "'lease'");
    await assertRejects(() => store.done("a", held, -1), RangeError, "'ttl'");
  });
});
