import type { Plan, SqlSession, SyncSqlSession } from "./contracts.ts";
import { checkHeaders, checkTopic, fields, Message } from "@beat/beat/message";
import { insertion } from "./record.ts";
import { type TableOptions, tablesFor } from "./schema.ts";
import { run } from "./session.ts";

/** Messages of one statement, as databases limit its values. */
const CHUNK = 256;

/**
 * Publishes in the caller's own transaction, by one statement: the messages are there if and when it
 * commits. On SQLite they are written when this returns.
 *
 * @throws {TypeError | RangeError} If the topic, a message or an option is malformed.
 *
 * @example A row and a message, or neither
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { fromSqlite, migrate, publishInTx } from "@beat/sql";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const handle = new DatabaseSync(":memory:");
 * const tx = fromSqlite(handle);
 * await migrate(tx);
 * handle.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)");
 *
 * handle.exec("BEGIN");
 * handle.prepare("INSERT INTO orders (id, total) VALUES (?, ?)").run(7, 12);
 * publishInTx(tx, "orders", Message.json({ id: 7, total: 12 }, { key: "7" }));
 * handle.exec("COMMIT");
 * ```
 */
export function publishInTx(
  tx: SyncSqlSession,
  topic: string,
  messages: Message | readonly Message[],
  options?: TableOptions,
): void;
/**
 * Publishes in the caller's own transaction, by one statement: the messages are there if and when it
 * commits.
 *
 * @throws {TypeError | RangeError} If the topic, a message or an option is malformed.
 */
export function publishInTx(
  tx: SqlSession,
  topic: string,
  messages: Message | readonly Message[],
  options?: TableOptions,
): Promise<void>;
export function publishInTx(
  tx: SqlSession,
  topic: string,
  messages: Message | readonly Message[],
  options: TableOptions = {},
): void | Promise<void> {
  checkTopic("publish", topic);
  const tables = tablesFor("publish", options);
  const list = messages instanceof Message ? [messages] : messages;
  const items = list.map((message) => {
    const rec = fields.encode(message, { topic });
    checkHeaders("publish", rec.headers);
    return { topic, rec };
  });
  return run(
    tx,
    (function* (): Plan<void> {
      // So that it is a promise, or none, whatever is published.
      if (items.length === 0) yield ["SELECT 1"];
      for (let at = 0; at < items.length; at += CHUNK) {
        yield insertion(tables, items.slice(at, at + CHUNK), tx.dialect);
      }
    })(),
  );
}
