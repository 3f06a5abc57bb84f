import { Message, type StartPosition } from "@beat/beat/message";
import type { Delivery, Source, SourceSpec } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { publishInTx, type SqlConnection, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

onEveryDatabase((name, fresh) => {
  /** SQLite has one transaction at a time. */
  const onServers = name === "SQLite" ? it.skip : it;

  const onPostgres = name.startsWith("PostgreSQL") ? it : it.skip;

  describe("what is written before and committed after", () => {
    for (const from of ["earliest", "latest"] as const) {
      // Only PostgreSQL tells which transactions were open when the group began.
      (from === "earliest" ? onServers : onPostgres)(
        `comes to a group that began between, from "${from}"`,
        async () => {
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
        },
      );
    }

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
  const committed = Promise.resolve(connection.transaction(async (session) => {
    await publishInTx(session, "t", new Message(text, { key }), { prefix });
    written.resolve();
    await end.promise;
  }));
  await Promise.race([written.promise, committed]);
  return {
    commit() {
      end.resolve();
      return committed;
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
