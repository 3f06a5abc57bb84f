import { Message } from "@beat/beat/message";
import { publisher, type SourceSpec } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { take, textsOf } from "../../tests/_services/test_host.ts";
import { migrate, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

/** Numbers of transactions that a server reaches in a hundred years. */
const ELSEWHERE = "900000000000";

onEveryDatabase((name, fresh) => {
  describe("migrate()", () => {
    it("leaves what is there as it is when it is called again", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        const out = publisher(transport);
        const source = await transport.source(specOf({ group: "g" }), undefined as never);
        await out.publish("t", ["one", "two"].map((text) => new Message(text)));
        await source.ack(await take(source, 1));
        await migrate(connection, { prefix });
        await out.publish("t", new Message("three"));
        assertEquals(textsOf(await take(source, 2)), ["two", "three"]);
        await source.close();
        await out.close();
      });
    });

    // Elsewhere nothing goes by the numbers of transactions.
    const onPostgres = name.startsWith("PostgreSQL") ? it : it.skip;
    onPostgres(
      "has what was restored from another server read before all that is new",
      async () => {
        const made = await fresh();
        await using(made, 1, async ([{ connection }]) => {
          const { prefix } = made;
          const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
          const out = publisher(transport);
          const old = await transport.source(specOf({ group: "old" }), undefined as never);
          await out.publish("t", ["one", "two"].map((text) => new Message(text)));
          await connection.query(`UPDATE ${prefix}messages SET xid = '${ELSEWHERE}'`, []);
          await connection.query(
            `UPDATE ${prefix}groups SET barrier = '${ELSEWHERE}', base = pg_current_snapshot()`,
            [],
          );
          await migrate(connection, { prefix });
          await out.publish("t", new Message("three"));
          const all = ["one", "two", "three"];
          for (const spec of [specOf({}), specOf({ group: "new" })]) {
            const source = await transport.source(spec, undefined as never);
            assertEquals(textsOf(await take(source, 3)), all, spec.group);
            await source.close();
          }
          assertEquals(textsOf(await take(old, 3)), all);
          await old.close();
          await out.close();
        });
      },
    );
  });
});

function specOf(changes: Partial<SourceSpec>): SourceSpec {
  return { topic: "t", from: "earliest", prefetch: 4, ordered: false, ...changes };
}
