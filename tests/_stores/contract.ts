import { type Claim, type ClaimResult, Message, silent, type Store } from "@beat/beat/message";
import { ClaimLostError, deduplicate, once } from "@beat/beat/middleware";
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { it } from "@std/testing/bdd";

/** Runs a test with three stores on one memory, which no other test has. */
export type UseStores = (test: (stores: readonly Store[]) => Promise<void>) => () => Promise<void>;

const LONG = 30_000;
const HOUR = 3_600_000;

/**
 * Registers what every store must do. Each test is named for what goes wrong without it: messages that are
 * lost as they were marked before they were handled, keys that stay claimed when their process died, two
 * who both believe that a key is theirs.
 */
export function testStore(use: UseStores): void {
  it(
    "gives a key to one of many who claim it at once",
    use(async (stores) => {
      const claims = Array.from({ length: 12 }, (_, at) => stores[at % 3]!.claim("k", LONG));
      const kinds = (await Promise.all(claims)).map(({ kind }) => kind).sort();
      assertEquals(kinds, ["claimed", ...new Array(11).fill("in-flight")]);
    }),
  );

  it(
    "gives a key that others have had to one of many who claim it at once",
    use(async (stores) => {
      // Who is second must not go by what was there before the first.
      for (let round = 0; round < 8; round++) {
        const key = `k${round}`;
        await stores[0]!.release(key, await held(stores[0]!, key, LONG));
        const claims = Array.from({ length: 12 }, (_, at) => stores[at % 3]!.claim(key, LONG));
        const kinds = (await Promise.all(claims)).map(({ kind }) => kind).sort();
        assertEquals(kinds, ["claimed", ...new Array(11).fill("in-flight")]);
      }
    }),
  );

  it(
    "says for how long a key is held at most",
    use(async ([store, other]) => {
      await held(store!, "k", LONG);
      const result = await other!.claim("k", LONG);
      assert(result.kind === "in-flight");
      assertGreater(result.retryAfter, 0);
      assertLessOrEqual(result.retryAfter, LONG);
    }),
  );

  it(
    "refuses who holds an older claim, by a token that has grown",
    use(async ([store, other]) => {
      const first = await held(store!, "k", 0);
      const second = await held(other!, "k", LONG);
      assertGreater(Number(second.token), Number(first.token));
      assertEquals(await store!.done("k", first, HOUR), false);
      assertEquals(await store!.extend("k", first, HOUR), false);
      assertEquals(await store!.release("k", first), false);
      assertEquals(await other!.extend("k", second, HOUR), true);
      assertEquals(await other!.done("k", second, HOUR), true);
      assertEquals(await other!.done("k", second, HOUR), false);
      assertEquals((await store!.claim("k", LONG)).kind, "done");
    }),
  );

  it(
    "gives free what was released, and what was done as long ago as it is remembered",
    use(async ([store, other]) => {
      assertEquals(await store!.release("k", await held(store!, "k", LONG)), true);
      const second = await held(other!, "k", LONG);
      assertEquals(await other!.done("k", second, 0), true);
      await held(store!, "k", Infinity);
    }),
  );

  it(
    "gives free what somebody held who died, when the lease is over",
    use(async ([store, other]) => {
      const first = await held(store!, "k", 50);
      const second = await whenFree(other!, "k");
      assertGreater(Number(second.token), Number(first.token));
      assertEquals(await store!.done("k", first, HOUR), false);
    }),
  );

  it(
    "tells keys apart that look alike",
    use(async ([store]) => {
      const alike = ["k", "K", "k ", " k", "k\t", "é", "e\u0301", "ß", "ss", "%", "k".repeat(500)];
      for (const key of alike) await held(store!, key, LONG);
    }),
  );

  it(
    "has what failed handled again, and what was done not",
    use(async ([store, other]) => {
      let calls = 0;
      const work = () => {
        if (++calls === 1) throw new Error("first");
      };
      await assertRejects(() => once(store!, "k", work), Error, "first");
      assertEquals((await once(other!, "k", work)).kind, "ran");
      assertEquals((await once(store!, "k", work)).kind, "done");
      assertEquals(calls, 2);
    }),
  );

  it(
    "has a message handled again that failed, and never acks it unhandled",
    use(async ([store]) => {
      let calls = 0;
      const handle = deduplicate({ store: store! })(() => {
        if (++calls === 1) throw new Error("first");
      });
      const [first, second, third] = Array.from({ length: 3 }, () => paid("3f1c"));
      await assertRejects(async () => await handle(workOf(first!)), Error, "first");
      assertEquals(first!.state, "pending");
      await handle(workOf(second!));
      await handle(workOf(third!));
      assertEquals([calls, third!.state], [2, "acked"]);
    }),
  );

  it(
    "takes messages for the same by their uuid, not by what is in them",
    use(async ([store]) => {
      let calls = 0;
      const handle = deduplicate({ store: store! })(() => void calls++);
      for (const uuid of ["1", "2", "1"]) await handle(workOf(paid(uuid)));
      assertEquals(calls, 2);
    }),
  );

  it(
    "remembers for hours, and not for milliseconds, unless told otherwise",
    use(async ([store]) => {
      const ttls: number[] = [];
      const watched = watching(store!, {
        done(key, claim, ttl) {
          ttls.push(ttl);
          return store!.done(key, claim, ttl);
        },
      });
      await once(watched, "k", () => {});
      await deduplicate({ store: watched })(() => {})(workOf(paid("1")));
      assertEquals(ttls.length, 2);
      for (const ttl of ttls) assertGreater(ttl, HOUR);
    }),
  );

  it(
    "keeps a key for work that takes longer than its lease",
    use(async ([store, other]) => {
      let beats = 0;
      const thrice = Promise.withResolvers<void>();
      const watched = watching(store!, {
        async extend(key, claim, lease) {
          const isOurs = await store!.extend(key, claim, lease);
          if (!isOurs) thrice.reject(new Error("The claim was lost"));
          else if (++beats === 3) thrice.resolve();
          return isOurs;
        },
      });
      const result = await once(watched, "k", async () => {
        await thrice.promise;
        return (await other!.claim("k", LONG)).kind;
      }, { lease: 1_000 });
      assertEquals(result, { kind: "ran", value: "in-flight", marked: true });
    }),
  );

  it(
    "tells who was away for longer than the lease that somebody else has the key",
    use(async ([store, other]) => {
      const errors: unknown[] = [];
      // A process that stands still prolongs nothing.
      const still = watching(store!, { extend: () => Promise.resolve(true) });
      const result = await once(still, "k", async () => {
        await other!.done("k", await whenFree(other!, "k"), HOUR);
        return "late";
      }, { lease: 50, onStoreError: (error) => errors.push(error) });
      assertEquals(result, { kind: "ran", value: "late", marked: false });
      assert(errors[0] instanceof ClaimLostError);
    }),
  );

  it(
    "has work done once more at most when a crash came between it and its mark",
    use(async ([store, other]) => {
      let calls = 0;
      const work = () => void calls++;
      // What is left of a process that was killed there: the effect and a claim.
      const dying = watching(store!, { done: () => Promise.reject(new Error("killed")) });
      assertEquals((await once(dying, "k", work, { lease: 50 })).kind, "ran");
      for (;;) {
        const result = await once(other!, "k", work);
        if (result.kind === "ran") break;
        assert(result.kind === "in-flight");
        await pause(result.retryAfter);
      }
      assertEquals((await once(store!, "k", work)).kind, "done");
      assertEquals(calls, 2);
    }),
  );
}

/** Claims a key that is free. */
async function held(store: Store, key: string, lease: number): Promise<Claim> {
  return claimOf(await store.claim(key, lease), key);
}

/** Claims a key as soon as it is free. */
async function whenFree(store: Store, key: string): Promise<Claim> {
  for (;;) {
    const result = await store.claim(key, LONG);
    if (result.kind !== "in-flight") return claimOf(result, key);
    await pause(result.retryAfter);
  }
}

function claimOf(result: ClaimResult, key: string): Claim {
  assert(result.kind === "claimed", `'${key}' is ${result.kind}`);
  return result.claim;
}

/** A store some of whose methods are others. */
function watching(store: Store, own: Partial<Store>): Store {
  return {
    claim: (key, lease) => store.claim(key, lease),
    extend: (key, claim, lease) => store.extend(key, claim, lease),
    done: (key, claim, ttl) => store.done(key, claim, ttl),
    release: (key, claim) => store.release(key, claim),
    ...own,
  };
}

function paid(uuid: string): Message {
  return new Message("paid", { uuid });
}

function workOf(message: Message) {
  return { messages: [message], batch: false, handler: "h", topic: "t", logger: silent };
}

/** The clock of a store may be coarse: who asks too early is told so and asks again. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
