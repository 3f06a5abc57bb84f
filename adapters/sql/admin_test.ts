import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type SqlConnection, type SqlTransport, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { Inbox } from "./testdata/inbox.ts";

const HOUR = 3_600_000;

onEveryDatabase((_name, fresh) => {
  const test =
    (run: (transport: SqlTransport, connection: SqlConnection) => Promise<void>) => async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        await run(transport, connection);
        await transport.close();
      });
    };

  describe("The admin of a database", () => {
    it(
      "creates a topic once however many ask, and says what it is made of",
      test(async ({ admin }) => {
        const config = { retentionMs: HOUR, persistence: "persistent" } as const;
        const made = await Promise.all([1, 2, 3].map(() => admin.create("orders", config)));
        assertEquals(made.sort(), ["created", "exists", "exists"]);
        assertEquals(await admin.describe("orders"), config);
        assertEquals(await admin.describe("bills"), undefined);
      }),
    );

    it(
      "changes what can be changed, and names it",
      test(async ({ admin }) => {
        await admin.create("orders");
        assertEquals((await admin.describe("orders"))!.retentionMs, Infinity);
        assertEquals(await admin.update("orders", { retentionMs: HOUR }), ["retentionMs"]);
        assertEquals(await admin.update("orders", { retentionMs: HOUR }), []);
        assertEquals(await admin.update("orders", {}), []);
        assertEquals((await admin.describe("orders"))!.retentionMs, HOUR);
        await assertRejects(() => admin.update("bills", {}), RangeError, "as there is none");
      }),
    );

    it(
      "names what a database cannot do",
      test(async ({ admin }) => {
        const unable = [
          "partitions",
          "replicas",
          "retentionBytes",
          "maxMessages",
          "compression",
        ];
        for (const name of unable) {
          const text = `as a database has no '${name}' for a topic`;
          await assertRejects(() => admin.create("orders", { [name]: 1 }), RangeError, text);
          await assertRejects(() => admin.update("orders", { [name]: 1 }), RangeError, text);
        }
        await assertRejects(() => admin.create("a..b"), RangeError, "'topic' must be");
        assertEquals(await admin.list(), []);
      }),
    );

    it(
      "lists what was created and what is in use, and removes it with all that belongs to it",
      test(async (transport) => {
        const { admin } = transport;
        await admin.create("created");
        const out = publisher(transport);
        await out.publish("used", new Message("one"));
        const member = await Inbox.open(transport, { topic: "heard", group: "all" });
        await member.close();
        assertEquals([...await admin.list()].sort(), ["created", "heard", "used"]);
        for (const topic of ["created", "heard", "used"]) {
          assertEquals([await admin.remove(topic), await admin.remove(topic)], [true, false]);
        }
        assertEquals(await transport.peek("used", 1), []);
        assertEquals(await admin.list(), [], "to peek into a topic does not make it");
        await out.close();
      }),
    );

    it(
      "removes a group with its position, and no other",
      test(async (transport) => {
        const { admin } = transport;
        const out = publisher(transport);
        const groups = ["one", "other"];
        const open = (group: string) =>
          Inbox.open(transport, { topic: "orders", group, from: "earliest" });
        for (const group of groups) await (await open(group)).close();
        await out.publish("orders", new Message("first"));
        for (const group of groups) {
          const inbox = await open(group);
          await inbox.gets("first");
          await inbox.close();
        }
        assertEquals(await admin.removeGroup("orders", "one"), true);
        assertEquals(await admin.removeGroup("orders", "one"), false);
        await out.publish("orders", new Message("second"));
        const seen = await Promise.all(groups.map(async (group) => {
          const inbox = await open(group);
          await inbox.gets("second");
          await inbox.close();
          return inbox.texts.sort();
        }));
        assertEquals(seen, [["first", "second"], ["second"]]);
        await out.close();
      }),
    );
  });

  describe("health() of a database", () => {
    it(
      "says whether it answers, and why not",
      test(async (transport, connection) => {
        assertEquals((await transport.health()).ok, true);
        const { ok, cause } = await transport.health({ signal: AbortSignal.abort("enough") });
        assertEquals([ok, cause], [false, "enough"]);
        const gone = new Error("gone");
        const broken = sqlTransport({ connection: { ...connection, query: () => fail(gone) } });
        assertEquals((await broken.health()).cause, gone);
      }),
    );
  });
});

function fail(error: Error): never {
  throw error;
}
