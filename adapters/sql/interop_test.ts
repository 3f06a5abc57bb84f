import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Tool } from "../../tests/_services/tool.ts";
import { sqlTransport } from "./mod.ts";
import { type Fresh, onEveryDatabase, using } from "./testdata/databases.ts";
import { Inbox } from "./testdata/inbox.ts";

/** The tool of a database, and the words by which it executes a statement and writes rows as lines. */
const TOOLS = {
  sqlite: [Tool.find("sqlite3"), (url: string, sql: string) => ["-separator", "|", url, sql]],
  postgres: [Tool.find("psql"), psql],
  pg: [Tool.find("psql"), psql],
  mysql: [Tool.find("mariadb", "mysql"), mariadb],
} as const;

/** Whether SQLite knows milliseconds, which tables have in their defaults. */
const IS_NEW = "SELECT unixepoch('subsec') IS NOT NULL";

onEveryDatabase((name, fresh) => {
  describe("The tool of a database", () => {
    const test = (run: (made: Fresh, tool: Run) => Promise<void>) => async () => {
      const made = await fresh();
      const [client, url] = made.at;
      const [tool, words] = TOOLS[client];
      // Its name cannot say so, as it is not known before.
      if (tool === undefined) return console.log(`${name}: skipped as the tool is not there`);
      const execute = (sql: string) => tool.run(...words(url, sql));
      if (client === "sqlite" && (await execute(IS_NEW))[0] !== "1") {
        return console.log(`${name}: skipped as the tool is older than SQLite 3.42`);
      }
      await run(made, execute);
    };

    it(
      "reads what is published here, as the table of the README has it",
      test(async (made, run) => {
        const { prefix } = made;
        await using(made, 1, async ([{ connection }]) => {
          const out = publisher(sqlTransport({ connection, prefix }));
          const timestamp = new Date(1_700_000_000_000);
          const own = { uuid: "u-1", key: "order-7", timestamp, metadata: { tenant: "north" } };
          await out.publish("orders", new Message("paid", own));
          await out.close();
          const text = made.at[0] === "mysql" || made.at[0] === "sqlite"
            ? "CAST(payload AS CHAR)"
            : "convert_from(payload, 'UTF8')";
          const columns = ["topic", "id", "message_key", "headers", "time", text];
          const rows = await run(`SELECT ${columns.join(", ")} FROM ${prefix}messages`);
          assertEquals(rows.map((row) => row.split(/[|\t]/)), [
            ["orders", "u-1", "order-7", '[["tenant","north"]]', "1700000000000", "paid"],
          ]);
        });
      }),
    );

    it(
      "writes what is read here: a topic and a payload are enough",
      test(async (made, run) => {
        const { prefix } = made;
        await using(made, 1, async ([{ connection }]) => {
          const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
          const inbox = await Inbox.open(transport, { topic: "orders", group: "all" });
          await run(`INSERT INTO ${prefix}messages (topic, payload) VALUES ('orders', 'paid')`);
          const columns = "topic, message_key, headers, payload";
          const headers = '{"tenant": "north"}';
          await run(
            `INSERT INTO ${prefix}messages (${columns})
            VALUES ('orders', 'order-7', '${headers}', 'shipped')`,
          );
          await inbox.gets("paid");
          await inbox.gets("shipped");
          const [paid, shipped] = ["paid", "shipped"].map((text) =>
            inbox.messages.find((message) => message.text() === text)!
          );
          assertEquals([paid!.key, [...paid!.metadata]], ["", []]);
          assertEquals([shipped!.key, [...shipped!.metadata]], ["order-7", [["tenant", "north"]]]);
          await inbox.close();
        });
      }),
    );
  });
});

/** Executes a statement; resolves with its rows. */
type Run = (sql: string) => Promise<string[]>;

function psql(url: string, sql: string): string[] {
  return ["--no-align", "--tuples-only", "--field-separator", "|", "--command", sql, url];
}

function mariadb(url: string, sql: string): string[] {
  const { hostname, port, username, password } = new URL(url);
  return [
    ...["--protocol=tcp", `--host=${hostname}`, `--port=${port}`, `--user=${username}`],
    ...(password === "" ? [] : [`--password=${password}`]),
    ...["--batch", "--skip-column-names", "--database=beat_test", `--execute=${sql}`],
  ];
}
