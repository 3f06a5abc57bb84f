import { Message, type StartPosition } from "@beat/beat/message";
import type { Delivery, Source, SourceSpec } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromMysql, publishInTx, type SqlConnection, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { open } from "./testdata/servers.ts";
import { makeUser } from "./testdata/users.ts";

/** Later than all that is published. */
const FUTURE = 4_102_444_800_000;

onEveryDatabase((name, fresh) => {
  /** SQLite has one transaction at a time. */
  const onServers = name === "SQLite" ? it.skip : it;

  describe("what is written before and committed after", () => {
    for (const from of ["earliest", "latest", new Date(FUTURE)] as const) {
      const since = from instanceof Date ? "a time" : `"${from}"`;
      onServers(`comes to a group that began between, from ${since}`, async () => {
        const made = await fresh();
        await using(made, 2, async ([{ connection }, other]) => {
          const { prefix } = made;
          const early = await write(connection, prefix, "early");
          const transport = sqlTransport({
            connection: other!.connection,
            prefix,
            pollInterval: 5,
          });
          const source = await transport.source(specOf({ from }), undefined as never);
          // It looks before there is anything, and is not to believe that it has seen all.
          assertEquals(await source.fetch!(1, () => false, AbortSignal.timeout(50)), []);
          await early.commit();
          assertEquals(textOf(await take(source)), "early");
          await source.close();
        });
      });
    }

    onServers("comes to a reader that began between, and what is earlier does not", async () => {
      const made = await fresh();
      await using(made, 3, async ([one, two, reading]) => {
        const { prefix } = made;
        const early = await write(one!.connection, prefix, "early");
        const undone = await write(two!.connection, prefix, "rolled back");
        const { connection } = reading!;
        await (await write(connection, prefix, "before")).commit();
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        const { group: _, ...alone } = specOf({ from: "latest" });
        const source = await transport.source(alone, undefined as never);
        await undone.rollBack();
        await early.commit();
        await (await write(connection, prefix, "after")).commit();
        assertEquals((await source.lag!()).map(({ lag }) => lag), [2]);
        const first = await take(source);
        // A source that is made anew goes on there.
        await source.ack([first]);
        assertEquals((await source.lag!()).map(({ lag }) => lag), [1]);
        await source.close();
        const again = await transport.source(alone, undefined as never);
        assertEquals([first, await take(again)].map(textOf), ["early", "after"]);
        await again.close();
      });
    });

    onServers("is all that a group from the end gets of what is earlier", async () => {
      const made = await fresh();
      await using(made, 4, async ([one, two, three, reading]) => {
        const { prefix } = made;
        const early = await write(one!.connection, prefix, "early");
        await (await write(two!.connection, prefix, "before")).commit();
        const undone = await write(three!.connection, prefix, "rolled back");
        const transport = sqlTransport({
          connection: reading!.connection,
          prefix,
          pollInterval: 5,
        });
        const source = await transport.source(specOf({ from: "latest" }), undefined as never);
        const another = await transport.source(specOf({ from: "latest" }), undefined as never);
        await undone.rollBack();
        await early.commit();
        await (await write(two!.connection, prefix, "after")).commit();
        const taken = [await take(source), await take(another)];
        assertEquals(taken.map(textOf), ["early", "after"]);
        assertEquals((await source.lag!()).map(({ lag }) => lag), [2]);
        await source.ack(taken);
        assertEquals((await source.lag!()).map(({ lag }) => lag), [0]);
        await source.close();
        await another.close();
      });
    });

    onServers("is waited for by nobody once its group has been there", async () => {
      const made = await fresh();
      await using(made, 2, async ([{ connection }, other]) => {
        const { prefix } = made;
        const transport = sqlTransport({ connection: other!.connection, prefix, pollInterval: 5 });
        const first = await transport.source(specOf({ from: "latest" }), undefined as never);
        await (await write(connection, prefix, "one")).commit();
        await first.ack([await take(first)]);
        const early = await write(connection, prefix, "early", "another");
        const second = await transport.source(specOf({ from: "latest" }), undefined as never);
        await (await write(other!.connection, prefix, "two")).commit();
        assertEquals(textOf(await take(second)), "two");
        await early.commit();
        assertEquals(textOf(await take(second)), "early");
        assertEquals((await second.lag!()).map(({ lag }) => lag), [2]);
        await first.close();
        await second.close();
      });
    });

    // Elsewhere such a transaction holds no lock on what it has only read.
    const onMariadb = name.startsWith("MariaDB") ? it : it.skip;
    onMariadb("holds up a group that begins between if it is a repeatable read", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const { createConnection } = await import("mysql2/promise");
        const where = new URL(made.at[1]);
        where.pathname = "/beat_test";
        const publishing = await createConnection(where.href);
        await publishing.query("START TRANSACTION");
        await publishInTx(fromMysql(publishing), "t", new Message("early"), { prefix });
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        const opening = transport.source(specOf({ from: "latest" }), undefined as never);
        const waiting = `SELECT id FROM information_schema.processlist
          WHERE info LIKE 'INSERT IGNORE INTO ${prefix}groups%'`;
        let isOpen = false;
        opening.then(() => isOpen = true, () => isOpen = true);
        while (!isOpen && (await connection.query(waiting, [])).length === 0);
        assertEquals(isOpen, false);
        await publishing.query("COMMIT");
        const source = await opening;
        await (await write(connection, prefix, "after")).commit();
        assertEquals(textOf(await take(source)), "after");
        await source.close();
        await publishing.end();
      });
    });

    onMariadb("has no higher numbers committed beside it before all of it is written", async () => {
      const made = await fresh();
      await using(made, 2, async ([{ connection }, other]) => {
        const { prefix } = made;
        await connection.query(
          `CREATE TRIGGER ${prefix}slow BEFORE INSERT ON ${prefix}messages FOR EACH ROW
          SET @slept = IF(NEW.message_key = 'slow', SLEEP(1), 0)`,
          [],
        );
        const early = [new Message("one"), new Message("two", { key: "slow" })];
        let hasEnded = false;
        const first = publishInTx(connection, "t", early, { prefix })
          .finally(() => hasEnded = true);
        const sleeping = "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'";
        while (!hasEnded && (await other!.connection.query(sleeping, [])).length === 0);
        assertEquals(hasEnded, false);
        await publishInTx(other!.connection, "t", new Message("three"), { prefix });
        // The server has done the first: whose answer is read first, nobody knows.
        assertEquals(await other!.connection.query(sleeping, []), []);
        await first;
      });
    });

    onMariadb(
      "is looked for among what was not looked at before, and by who may not write, too",
      async () => {
        const made = await fresh();
        await using(made, 2, async ([one, reading]) => {
          const { prefix, at: [client, url] } = made;
          const fill = () =>
            reading!.connection.query(
              `INSERT INTO ${prefix}messages (topic) SELECT 't' FROM seq_1_to_12000`,
              [],
            );
          /** After which number a reader that begins looks. */
          const lookedAfter = async (connection: SqlConnection) => {
            const seen: string[] = [];
            const watched: SqlConnection = {
              ...connection,
              query(sql, values) {
                seen.push(...sql.matchAll(/m\.seq > (\d+)/g).map(([, number]) => number!));
                return connection.query(sql, values);
              },
            };
            const { group: _, ...alone } = specOf({ from: "latest" });
            const transport = sqlTransport({ connection: watched, prefix });
            const source = await transport.source(alone, undefined as never);
            return { source, after: seen.map(Number) };
          };
          const early = await write(one!.connection, prefix, "early");
          await fill();
          const first = await lookedAfter(reading!.connection);
          const second = await lookedAfter(reading!.connection);
          assertEquals(
            [first.after, second.after],
            [[0], [0]],
            "what is not committed is kept in view",
          );
          await early.commit();
          assertEquals(textOf(await take(second.source)), "early");
          const third = await lookedAfter(reading!.connection);
          const fourth = await lookedAfter(reading!.connection);
          const [known] = fourth.after;
          assertEquals([third.after, known! > 10_000], [[0], true]);
          const late = await write(one!.connection, prefix, "late");
          const user = await makeUser(reading!.connection, url, `${prefix}user`);
          await user.mayWrite(false);
          const own = await open(client, user.url);
          try {
            await fill();
            const fifth = await lookedAfter(own.connection);
            assertEquals(fifth.after, [known]);
            await late.commit();
            assertEquals(textOf(await take(fifth.source)), "late");
          } finally {
            await user.mayWrite(true);
            await own.close();
            await user.remove();
          }
        });
      },
    );

    onServers("is not delivered beside what is later of its key", async () => {
      const made = await fresh();
      await using(made, 3, async ([one, two, reading]) => {
        const { prefix } = made;
        const source = await inOrder(reading!.connection, prefix);
        const early = await write(one!.connection, prefix, "early");
        const late = await write(two!.connection, prefix, "late");
        await late.commit();
        const running = await take(source);
        assertEquals(textOf(running), "late");
        await early.commit();
        assertEquals(await source.fetch!(1, () => false, AbortSignal.timeout(50)), []);
        await source.ack([running]);
        assertEquals(textOf(await take(source)), "early");
        await source.close();
      });
    });

    onServers("holds up nothing of another key", async () => {
      const made = await fresh();
      await using(made, 3, async ([one, two, reading]) => {
        const { prefix } = made;
        const source = await inOrder(reading!.connection, prefix);
        const early = await write(one!.connection, prefix, "early");
        const late = await write(two!.connection, prefix, "late", "another");
        await late.commit();
        assertEquals(textOf(await take(source)), "late");
        await early.commit();
        assertEquals(textOf(await take(source)), "early");
        await source.close();
      });
    });
  });
});

function specOf(changes: { from?: StartPosition; ordered?: boolean }): SourceSpec {
  return { topic: "t", group: "g", from: "earliest", prefetch: 1, ordered: false, ...changes };
}

/** Publishes in a transaction that stays open; resolves when it is written. */
async function write(connection: SqlConnection, prefix: string, text: string, key = "k") {
  const written = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const ended = Promise.resolve(connection.transaction(async (session) => {
    await publishInTx(session, "t", new Message(text, { key }), { prefix });
    written.resolve();
    await end.promise;
  }));
  await Promise.race([written.promise, ended]);
  return {
    commit() {
      end.resolve();
      return ended;
    },
    async rollBack() {
      end.reject(new Error("no"));
      await ended.catch(() => {});
    },
  };
}

/** A group that is new, keeps order, and has waited for all that was under way. */
async function inOrder(connection: SqlConnection, prefix: string): Promise<Source> {
  const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
  const source = await transport.source(specOf({ ordered: true }), undefined as never);
  assertEquals(await source.fetch!(1, () => false, AbortSignal.timeout(50)), []);
  return source;
}

async function take(source: Source): Promise<Delivery> {
  const never = new AbortController().signal;
  for (;;) {
    const [delivery] = await source.fetch!(1, () => false, never);
    if (delivery !== undefined) return delivery;
  }
}

function textOf({ rec }: Delivery): string {
  return new TextDecoder().decode(rec.payload);
}
