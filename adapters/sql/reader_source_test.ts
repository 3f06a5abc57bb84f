import { Message } from "@beat/beat/message";
import { publisher, type Source } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { take, textsOf } from "../../tests/_services/test_host.ts";
import { type SqlConnection, sqlTransport, type SqlValue } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

onEveryDatabase((_name, fresh) => {
  describe("a reader", () => {
    it("tells how many messages it has not settled, wherever it began", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const transport = sqlTransport({ connection, prefix: made.prefix, pollInterval: 5 });
        const out = publisher(transport);
        const publish = (...texts: string[]) =>
          out.publish("t", texts.map((text) => new Message(text)));
        const open = (from: "earliest" | "latest" | Date) =>
          transport.source({ topic: "t", from, prefetch: 4, ordered: false }, undefined as never);
        await publish("one", "two", "three");
        await out.publish("another", new Message("of another topic"));
        const sources = [await open("earliest"), await open(new Date(0)), await open("latest")];
        assertEquals(await Promise.all(sources.map(lagOf)), [3, 3, 0]);
        await publish("four");
        assertEquals(await Promise.all(sources.map(lagOf)), [4, 4, 1]);
        const [first] = sources as [Source];
        const taken = await take(first, 2);
        assertEquals(await lagOf(first), 4, "what is with a handler is not settled");
        await first.ack(taken);
        assertEquals(await lagOf(first), 2);
        for (const source of sources) await source.close();
        await out.close();
      });
    });

    it("begins at a time, and looks at nothing that is older again", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const seen: SqlValue[][] = [];
        const watched: SqlConnection = {
          ...connection,
          query(sql, values) {
            seen.push([...values]);
            return connection.query(sql, values);
          },
        };
        const out = publisher(sqlTransport({ connection, prefix }));
        const transport = sqlTransport({ connection: watched, prefix, pollInterval: 5 });
        const open = (from: Date) =>
          transport.source({ topic: "t", from, prefetch: 4, ordered: false }, undefined as never);
        // More than what may have a number and no row yet.
        const old = Array.from({ length: 1_100 }, (_, at) => new Message(`old ${at}`));
        await out.publish("t", old);
        await connection.query(`UPDATE ${prefix}messages SET published_at = seq * 1000`, []);
        const [late] = await connection.query(
          `SELECT MAX(published_at) AS t FROM ${prefix}messages`,
          [],
        );
        const after = await open(new Date(Number(late!.t) + 1));
        const since = await open(new Date(Number(late!.t)));
        await out.publish("t", new Message("three"));
        assertEquals(textsOf(await take(since, 2)), ["old 1099", "three"]);
        seen.length = 0;
        assertEquals(textsOf(await take(after, 1)), ["three"]);
        // The number, or the transaction, that it begins after.
        assertEquals(seen.filter((values) => values[1] === 0 || values[1] === "0"), []);
        await after.close();
        await since.close();
        await out.close();
      });
    });
  });
});

async function lagOf(source: Source): Promise<number> {
  const lanes = await source.lag!();
  assertEquals(lanes.map(({ lane }) => lane), [""]);
  return lanes[0]!.lag;
}
