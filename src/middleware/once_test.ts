import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { failureOf, withFakeTime } from "../../tests/_messages/harness.ts";
import { ClaimLostError } from "./errors.ts";
import { memoryStore } from "./memory_store.ts";
import { once } from "./once.ts";

const down = new Error("store down");

describe("once", () => {
  it("calls a function once for a key", async () => {
    const store = memoryStore();
    let calls = 0;
    const results = [];
    for (let i = 0; i < 3; i++) results.push(await once(store, "a", () => ++calls));
    assertEquals(results, [{ kind: "ran", value: 1, marked: true }, { kind: "done" }, {
      kind: "done",
    }]);
    assertEquals((await once(store, "b", () => ++calls)).kind, "ran");
  });

  it("does not call while another call runs, and says for how long", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      const { promise, resolve } = Promise.withResolvers<void>();
      const first = once(store, "a", () => promise, { lease: 1_000 });
      await time.tickAsync(100);
      assertEquals(await once(store, "a", () => {}), { kind: "in-flight", retryAfter: 900 });
      resolve();
      await first;
    }));

  it("prolongs the claim while the function runs, and stops then", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      const { promise, resolve } = Promise.withResolvers<void>();
      const first = once(store, "a", () => promise, { lease: 1_000 });
      await time.tickAsync(10_000);
      assertEquals((await once(store, "a", () => {})).kind, "in-flight");
      resolve();
      assertEquals((await first).kind, "ran");
      assertEquals(time.next(), false);
    }));

  it("gives the key free when the function fails, and passes its error", async () => {
    const store = memoryStore();
    const broken = new Error("broken");
    for (const fail of [() => Promise.reject(broken), () => thrown(broken)]) {
      assertStrictEquals(await failureOf(() => once(store, "a", fail)), broken);
    }
    assertEquals((await once(store, "a", () => {})).kind, "ran");
  });

  it("calls again after the time to remember", () =>
    withFakeTime(async (time) => {
      const store = memoryStore();
      await once(store, "a", () => {}, { ttl: 1_000 });
      time.tick(1_000);
      assertEquals((await once(store, "a", () => {})).kind, "ran");
    }));

  it("rejects without a call when the store fails before", async () => {
    let calls = 0;
    const store = { ...memoryStore(), claim: () => Promise.reject(down) };
    assertStrictEquals(await failureOf(() => once(store, "a", () => calls++)), down);
    assertEquals(calls, 0);
  });

  it("gives the value when the store fails after the call, and tells of it", async () => {
    const heard: unknown[] = [];
    const store = { ...memoryStore(), done: () => Promise.reject(down) };
    const onStoreError = (error: unknown) => heard.push(error);
    const result = await once(store, "a", () => 7, { onStoreError });
    assertEquals(result, { kind: "ran", value: 7, marked: false });
    assertEquals(heard, [down]);
  });

  it("tells once of a claim that was lost while the function ran", () =>
    withFakeTime(async (time) => {
      const heard: unknown[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const store = { ...memoryStore(), extend: () => Promise.resolve(false) };
      const running = once(store, "a", () => promise, {
        lease: 1_000,
        onStoreError: (error) => heard.push(error),
      });
      await time.tickAsync(5_000);
      assertEquals(heard.length, 1);
      assertInstanceOf(heard[0], ClaimLostError);
      assertEquals(heard[0].name, "ClaimLostError");
      assertEquals(heard[0].message, "The claim on 'a' is lost: it may have been handled twice");
      resolve();
      await running;
      // The lease was over, so that the mark is refused too.
      assertEquals(heard.length, 2);
    }));

  it("refuses malformed options", async () => {
    const store = memoryStore();
    await assertRejects(() => once({} as never, "a", () => {}), TypeError, "'store' must be");
    await assertRejects(() => once(store, "a", () => {}, { lease: 0 }), RangeError, "'lease'");
    await assertRejects(() => once(store, "a", () => {}, { lease: Infinity }), RangeError);
  });
});

function thrown(error: unknown): never {
  throw error;
}
