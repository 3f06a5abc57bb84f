import { Message, type Store } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { testStore } from "../../tests/_stores/contract.ts";
import { onceInTx, publishInTx, type SqlConnection, type SqlSession, sqlStore } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

onEveryDatabase((name, fresh) => {
  const isSqlite = name === "SQLite";

  describe("sqlStore()", () => {
    testStore((test) => async () => {
      const made = await fresh();
      await using(made, 3, async (clients) => {
        const { prefix } = made;
        await test(clients.map(({ connection }) => sqlStore(connection, { prefix })));
      });
    });

    // SQLite has one transaction at a time.
    (isSqlite ? it.skip : it)(
      "gives a key to nobody while it is being marked as done",
      async () => {
        const made = await fresh();
        await using(made, 2, async ([one, other]) => {
          const { prefix } = made;
          const quick = sqlStore(other!.connection, { prefix });
          const go = Promise.withResolvers<void>();
          let marking: Promise<boolean>;
          let key: string;
          let isInTime = false;
          // The claim may be over before it can be marked, on a busy machine.
          for (let attempt = 0; !isInTime; attempt++) {
            key = `k${attempt}`;
            const first = await quick.claim(key, LEASE);
            assert(first.kind === "claimed");
            const read = Promise.withResolvers<void>();
            const slow = pausing(one!.connection, /^UPDATE .* SET token/, () => {
              read.resolve();
              return go.promise;
            });
            marking = sqlStore(slow, { prefix }).done(key, first.claim, 60_000);
            isInTime = await Promise.race([read.promise.then(() => true), marking]);
          }
          const claiming = claimAtLast(quick, key!);
          // The claim is over, and who is in the middle of marking it must still be alone.
          const waited = new Promise((resolve) => setTimeout(resolve, 2 * LEASE));
          await Promise.race([claiming, waited]);
          go.resolve();
          assertEquals([await marking!, await claiming], [true, "done"]);
        });
      },
    );

    it("refuses a key that could be taken for another", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const store = sqlStore(connection, { prefix: made.prefix });
        const says = "'key' must be a text of 1 to 700 characters";
        await assertRejects(() => store.claim("k".repeat(701), 1), RangeError, says);
        await assertRejects(() => onceInTx(store, "", () => {}), RangeError, says);
        assertEquals((await store.claim("😀".repeat(350), 1)).kind, "claimed");
      });
    });
  });

  describe("onceInTx()", () => {
    it("has its effect once, however many try at the same time", async () => {
      const made = await fresh();
      await using(made, 3, async (clients) => {
        const { prefix } = made;
        const effects = `${prefix}effects`;
        await clients[0]!.connection.query(`CREATE TABLE ${effects} (n INTEGER)`, []);
        const book = (connection: SqlConnection) =>
          onceInTx(sqlStore(connection, { prefix }), "order-7", (_tx, session) => {
            const written = session.query(`INSERT INTO ${effects} VALUES (?)`, [7]);
            return isSqlite ? "booked" : Promise.resolve(written).then(() => "booked");
          });
        const results = await Promise.all(
          Array.from({ length: 9 }, (_, at) => book(clients[at % 3]!.connection)),
        );
        assertEquals(results.filter(({ kind }) => kind === "ran").length, 1);
        assertEquals(results.filter(({ kind }) => kind === "done").length, 8);
        const rows = await clients[0]!.connection.query(`SELECT n FROM ${effects}`, []);
        assertEquals(rows.length, 1);
      });
    });

    it("leaves neither effect nor mark when the work fails, and publishes with it", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const store = sqlStore(connection, { prefix });
        const count = async () =>
          (await connection.query(`SELECT seq FROM ${prefix}messages`, [])).length;
        const publish = (session: SqlSession, fails: boolean) => {
          const end = () => {
            if (fails) throw new Error("no");
          };
          const written = publishInTx(session, "t", new Message("x"), { prefix });
          return written === undefined ? end() : written.then(end);
        };
        await assertRejects(() => onceInTx(store, "k", (_tx, s) => publish(s, true)), Error, "no");
        assertEquals(await count(), 0);
        assertEquals((await onceInTx(store, "k", (_tx, s) => publish(s, false))).kind, "ran");
        assertEquals((await onceInTx(store, "k", (_tx, s) => publish(s, false))).kind, "done");
        assertEquals(await count(), 1);
      });
    });

    it("stays away from what somebody else has claimed", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const store = sqlStore(connection, { prefix: made.prefix });
        await store.claim("k", 30_000);
        const result = await onceInTx(store, "k", () => assert(false));
        assertEquals(result.kind, "in-flight");
      });
    });

    if (isSqlite) {
      it("refuses work that waits, and has no effect", async () => {
        const made = await fresh();
        await using(made, 1, async ([{ connection }]) => {
          const store = sqlStore(connection, { prefix: made.prefix });
          const waiting = () => onceInTx(store, "k", () => Promise.resolve());
          await assertRejects(waiting, TypeError, "Cannot wait within a transaction");
          assertEquals((await store.claim("k", 1)).kind, "claimed");
        });
      });
    }
  });
});

/** Milliseconds that a claim holds which is to be over. */
const LEASE = 200;

/** A connection that waits before it executes what is like a statement. */
function pausing(
  connection: SqlConnection,
  statement: RegExp,
  wait: () => Promise<void>,
): SqlConnection {
  const session = (inner: SqlSession): SqlSession => ({
    dialect: inner.dialect,
    async query(sql, values) {
      if (statement.test(sql)) await wait();
      return await inner.query(sql, values);
    },
  });
  return {
    ...session(connection),
    transaction: (work) => connection.transaction((inner, tx) => work(session(inner), tx)),
  };
}

/** What becomes of a claim when the one before is over. */
async function claimAtLast(store: Store, key: string): Promise<string> {
  for (;;) {
    const { kind } = await store.claim(key, 30_000);
    if (kind !== "in-flight") return kind;
  }
}
