import { Message } from "@beat/beat/message";
import { type Delivery, publisher, type Source } from "@beat/beat/transport";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { deadRows, migrate, publishInTx, type SqlConnection, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

/** Keys that somebody might take for one: by case, accent, form, space, or as they begin alike. */
const ALIKE = [
  ...["a", "A", "á", "a\u0301", "a ", "a\u00a0", "ä", "😀", "😁", "\ufffd"],
  ...["x", "y"].map((end) => `${"long ".repeat(40)}${end}`),
];
/** More rows than are looked at together. */
const BACKLOG = 600;
const LATER = 3_600_000;

onEveryDatabase((name, fresh) => {
  /** Runs a test on tables of its own. */
  const test = (run: (connection: SqlConnection, prefix: string) => Promise<void>) => async () => {
    const made = await fresh();
    await using(made, 1, ([{ connection }]) => run(connection, made.prefix));
  };

  describe("a claim", () => {
    it(
      "knows keys apart that look alike, and takes the first of each",
      test(async (connection, prefix) => {
        const source = await join(connection, prefix);
        for (const number of [1, 2]) {
          await publish(connection, prefix, ALIKE.map((key) => [key, `${number} of ${key}`]));
        }
        const first = await fetch(source, 100);
        assertEquals(textsOf(first), ALIKE.map((key) => `1 of ${key}`));
        assertEquals(await fetch(source, 100), []);
        await source.ack(first.slice(3));
        const second = await fetch(source, 100);
        assertEquals(textsOf(second), ALIKE.slice(3).map((key) => `2 of ${key}`));
        await source.close();
      }),
    );

    it(
      "takes nothing of a key behind one that waits, however long the queue is",
      test(async (connection, prefix) => {
        const source = await join(connection, prefix);
        const many = Array.from({ length: BACKLOG }, (_, at) => ["a", `a ${at}`] as const);
        await publish(connection, prefix, [...many, ["b", "b 0"], ["b", "b 1"], ["", "no key"]]);
        const first = await fetch(source, 100);
        assertEquals(textsOf(first), ["a 0"]);
        await source.requeue!([{ delivery: first[0]!, delay: LATER, unstarted: false }]);
        // Nothing of the first stretch is due: the next one is looked at.
        const others = await fetch(source, 100);
        assertEquals(textsOf(others), ["b 0", "no key"]);
        await source.close();
      }),
    );

    it(
      "takes nothing of a key of which a later one is with a handler",
      test(async (connection, prefix) => {
        const source = await join(connection, prefix);
        await publish(connection, prefix, [["a", "first"], ["a", "second"]]);
        const deliveries = `${prefix}deliveries`;
        // As if the first had been committed late: the second was claimed when nobody saw it.
        await connection.query(
          `UPDATE ${deliveries} SET lease = ?, visible_at = ${connection.dialect.now} + ?
          WHERE seq = (SELECT MAX(seq) FROM ${prefix}messages)`,
          ["somebody", LATER],
        );
        assertEquals(await fetch(source, 100), []);
        await connection.query(`UPDATE ${deliveries} SET lease = NULL, visible_at = 0`, []);
        assertEquals(textsOf(await fetch(source, 100)), ["first"]);
        await source.close();
      }),
    );

    it(
      "shares what is due among all who ask at the same time, and gives nothing twice",
      test(async (connection, prefix) => {
        const sources = await Promise.all([1, 2, 3].map(() => join(connection, prefix, false)));
        const texts = Array.from({ length: 60 }, (_, at) => String(at));
        await publish(connection, prefix, texts.map((text) => ["", text]));
        const taken: string[] = [];
        while (taken.length < texts.length) {
          const parts = await Promise.all(sources.map((source) => fetch(source, 7)));
          for (const part of parts) taken.push(...textsOf(part));
        }
        assertEquals(taken.map(Number).sort((one, other) => one - other), texts.map(Number));
        for (const source of sources) await source.close();
      }),
    );

    it(
      "hands over what somebody wrote as text",
      test(async (connection, prefix) => {
        const source = await join(connection, prefix);
        const insert = `INSERT INTO ${prefix}messages (topic, payload) VALUES`;
        await connection.query(`${insert} ('orders', 'paid'), ('orders', NULL)`, []);
        assertEquals(textsOf(await fetch(source, 100)), ["paid", ""]);
        await source.close();
      }),
    );

    it(
      "hands over what has headers that nobody can read, and what comes after it",
      test(async (connection, prefix) => {
        const source = await join(connection, prefix);
        const insert = `INSERT INTO ${prefix}messages (topic, headers, payload) VALUES (?, ?, ?)`;
        for (const [at, headers] of ["no json", "null", '[["a",1]]', '{"a":"b"}'].entries()) {
          await connection.query(insert, ["orders", headers, new TextEncoder().encode(String(at))]);
        }
        const deliveries = await fetch(source, 100);
        assertEquals(textsOf(deliveries), ["0", "1", "2", "3"]);
        assertEquals(deliveries.map(({ rec }) => rec.headers), [
          [["headers", "no json"]],
          [["headers", "null"]],
          [["headers", '[["a",1]]']],
          [["a", "b"]],
        ]);
        await source.close();
      }),
    );
  });

  describe("statements", () => {
    it(
      "take names as they are, and no name for a statement",
      test(async (connection, prefix) => {
        const evil = `x'; DROP TABLE ${prefix}messages; -- \\" ? $1`;
        const group = await join(connection, prefix, true, evil);
        await publish(connection, prefix, [[evil, "one"]]);
        const [one] = await fetch(group, 1);
        assertEquals([one!.rec.key, textsOf([one!])], [evil, ["one"]]);
        await group.close();
        const transport = sqlTransport({ connection, prefix });
        assertEquals(await transport.admin.removeGroup("orders", evil), true);
        assertEquals(await deadRows(connection, { prefix, group: evil }), []);
        await assertRejects(() => transport.admin.create(evil), RangeError, "'topic' must be");
        assertThrows(
          () => publishInTx(connection, evil, new Message("one"), { prefix }),
          RangeError,
          "'topic' must be",
        );
        await assertRejects(() => migrate(connection, { prefix: evil }), RangeError, "'prefix'");
      }),
    );

    const onMariadb = name.startsWith("MariaDB") ? it : it.skip;
    onMariadb(
      "tell the time in no time zone",
      test(async (connection, prefix) => {
        const { now } = connection.dialect;
        const set = (zone: string, time: string) => `SET time_zone = ${zone}, timestamp = ${time}`;
        for (const zone of ["'+00:00'", "'-08:00'", "'+13:00'"]) {
          const times = await connection.transaction(async (session) => {
            await session.query(set(zone, "1700000000.123"), []);
            try {
              const [row] = await session.query(`SELECT ${now} AS now`, []);
              await session.query(
                `INSERT INTO ${prefix}messages (topic, payload) VALUES (?, ?)`,
                ["orders", new Uint8Array()],
              );
              const [message] = await session.query(
                `SELECT published_at, time FROM ${prefix}messages ORDER BY seq DESC LIMIT 1`,
                [],
              );
              return [row!.now, message!.published_at, message!.time].map(Number);
            } finally {
              await session.query(set("DEFAULT", "DEFAULT"), []);
            }
          });
          assertEquals(times, [1_700_000_000_123, 1_700_000_000_123, 1_700_000_000_123]);
        }
      }),
    );
  });
});

/** A member of a group of `orders`. */
async function join(
  connection: SqlConnection,
  prefix: string,
  ordered = true,
  group = "all",
): Promise<Source> {
  const transport = sqlTransport({ connection, prefix, pollInterval: 1 });
  const spec = { topic: "orders", group, from: "earliest", prefetch: 100, ordered } as const;
  const source = await transport.source(spec, new TestHost());
  // A new group is given what was published before; here that is nothing.
  await fetch(source, 1);
  return source;
}

/** Publishes texts with their keys, in their order. */
async function publish(
  connection: SqlConnection,
  prefix: string,
  messages: readonly (readonly [key: string, text: string])[],
): Promise<void> {
  const out = publisher(sqlTransport({ connection, prefix }));
  await out.publish("orders", messages.map(([key, text]) => new Message(text, { key })));
  await out.close();
}

/** Looks until something is found, five times at most. */
async function fetch(source: Source, room: number): Promise<readonly Delivery[]> {
  const never = new AbortController().signal;
  for (let look = 0; look < 5; look++) {
    const found = await source.fetch!(room, () => false, never);
    if (found.length > 0) return found;
  }
  return [];
}
