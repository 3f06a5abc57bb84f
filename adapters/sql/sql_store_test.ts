import { deduplicate, once } from "@beat/beat/middleware";
import { Message, silent } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { onceInTx, publishInTx, type SqlConnection, type SqlSession, sqlStore } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

onEveryDatabase((name, fresh) => {
  const isSqlite = name === "SQLite";

  describe("sqlStore()", () => {
    it("gives a key to one of many who claim it at once", async () => {
      const made = await fresh();
      await using(made, 3, async (clients) => {
        const { prefix } = made;
        const stores = clients.map(({ connection }) => sqlStore(connection, { prefix }));
        const claims = await Promise.all(
          Array.from({ length: 12 }, (_, at) => stores[at % 3]!.claim("k", 30_000)),
        );
        const kinds = claims.map(({ kind }) => kind).sort();
        assertEquals(kinds, ["claimed", ...new Array(11).fill("in-flight")]);
      });
    });

    it("refuses who holds an older claim", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const store = sqlStore(connection, { prefix: made.prefix });
        const first = await store.claim("k", 0);
        const second = await store.claim("k", 30_000);
        assert(first.kind === "claimed" && second.kind === "claimed");
        assert(second.claim.token > first.claim.token);
        assertEquals(await store.done("k", first.claim, 60_000), false);
        assertEquals(await store.extend("k", first.claim, 60_000), false);
        assertEquals(await store.release("k", first.claim), false);
        assertEquals(await store.extend("k", second.claim, 60_000), true);
        assertEquals(await store.done("k", second.claim, 60_000), true);
        assertEquals((await store.claim("k", 1)).kind, "done");
      });
    });

    it("gives free what was released, and what is past its time", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const store = sqlStore(connection, { prefix: made.prefix });
        const first = await store.claim("k", 30_000);
        assert(first.kind === "claimed");
        assertEquals(await store.release("k", first.claim), true);
        const second = await store.claim("k", 30_000);
        assert(second.kind === "claimed");
        assertEquals(await store.done("k", second.claim, 0), true);
        assertEquals((await store.claim("k", Infinity)).kind, "claimed");
      });
    });

    it("serves once() and deduplicate(): what failed is done again, what is done is not", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const store = sqlStore(connection, { prefix: made.prefix });
        let calls = 0;
        const work = () => {
          if (++calls === 1) throw new Error("first");
        };
        await assertRejects(() => once(store, "k", work), Error, "first");
        assertEquals((await once(store, "k", work)).kind, "ran");
        assertEquals((await once(store, "k", work)).kind, "done");
        assertEquals(calls, 2);

        let handled = 0;
        const handle = deduplicate({ store })(() => void handled++);
        for (let round = 0; round < 2; round++) {
          const messages = [new Message("paid", { uuid: "3f1c" })];
          await handle({ messages, batch: false, handler: "h", topic: "t", logger: silent });
        }
        assertEquals(handled, 1);
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
