/** What `deduplicate` and `once` share: a claim that is held, and a store that fails meanwhile. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { failureOf, remembering, single, withFakeTime } from "../../tests/_messages/harness.ts";
import type { Store } from "../message/store.ts";
import { deduplicate } from "./deduplicate.ts";
import { memoryStore } from "./memory_store.ts";
import { once } from "./once.ts";

const down = new Error("store down");
const broken = new Error("broken");

function failingStore(method: keyof Store): Store {
  return { ...memoryStore(), [method]: () => Promise.reject(down) };
}

type Work = () => void | Promise<void>;
type Act = (store: Store, work: Work, hear: (error: unknown) => void) => unknown;

/** Both do something once, and tell of a store that fails. */
const ACTS: Readonly<Record<string, Act>> = {
  "deduplicate()": (store, work, hear) => {
    const logger = {
      ...remembering(),
      error: (_: string, about?: Readonly<Record<string, unknown>>) => hear(about!["error"]),
    };
    return deduplicate({ store, lease: 1_000 })(() => work())(single(undefined, { logger }));
  },
  "once()": (store, work, hear) =>
    once(store, "a", () => work(), { lease: 1_000, onStoreError: hear }),
};

describe("a claim", () => {
  for (const [name, act] of Object.entries(ACTS)) {
    it(`that cannot be prolonged is told of each time, and the work goes on, by ${name}`, () =>
      withFakeTime(async (time) => {
        const heard: unknown[] = [];
        const end = Promise.withResolvers<void>();
        const done = act(failingStore("extend"), () => end.promise, (error) => heard.push(error));
        await time.tickAsync(499);
        assertEquals(heard, []);
        await time.tickAsync(1);
        assertEquals(heard, [down]);
        await time.tickAsync(400);
        end.resolve();
        await done;
        assertEquals(heard, [down]);
        assertEquals(time.next(), false);
      }));

    it(`of work that failed is not prolonged any more, by ${name}`, () =>
      withFakeTime(async (time) => {
        const end = Promise.withResolvers<void>();
        const failed = failureOf(() => act(memoryStore(), () => end.promise, () => {}));
        end.reject(broken);
        assertEquals(await failed, broken);
        assertEquals(time.next(), false);
      }));

    it(`that cannot be given free is told of, and the work's own error passes, by ${name}`, async () => {
      const heard: unknown[] = [];
      const fail = () => {
        throw broken;
      };
      const failure = await failureOf(() =>
        act(failingStore("release"), fail, (error) => heard.push(error))
      );
      assertEquals(failure, broken);
      assertEquals(heard, [down]);
    });
  }

  it("lasts a millisecond at least", () => {
    const store = memoryStore();
    deduplicate({ store, lease: 1, ttl: 0.5 });
    assertThrows(() => deduplicate({ store, lease: 0.9 }), RangeError, "at least 1 ms");
    assertThrows(() => deduplicate({ store, ttl: 0 }), RangeError, "above 0 ms");
  });

  it("needs a store that can do all of it", () => {
    const store = memoryStore();
    const lacking = ["claim", "extend", "done", "release"].map((name) => ({ ...store, [name]: 1 }));
    for (const odd of [null, ...lacking]) {
      assertThrows(
        () => deduplicate({ store: odd as never }),
        TypeError,
        "'store' must be a Store",
      );
    }
  });

  it("that was never made has nothing prolonged", () =>
    withFakeTime(async (time) => {
      const handle = deduplicate({ store: failingStore("claim"), onStoreError: "pass" })(() => {});
      await handle(single());
      assertEquals(time.next(), false);
    }));
});
