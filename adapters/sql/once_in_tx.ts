import type { SqlSession } from "./contracts.ts";
import { check, checkOptions, DURATION, FUNCTION } from "@beat/beat/transport";
import { run } from "./session.ts";
import { KEY_RULE, lockMark, type SqlStore, writeMark } from "./sql_store.ts";
import { tablesOf } from "./tables.ts";

/** What {@linkcode onceInTx} takes. */
export interface OnceInTxOptions {
  /**
   * Milliseconds that the mark is remembered, longer than a message may ever be replayed; `Infinity` is
   * for ever. @default {604_800_000, a week}
   */
  ttl?: number;
}

/** What became of a call: the function ran, it had run before, or somebody else has claimed the key. */
export type OnceInTxResult<T> =
  | { readonly kind: "ran"; readonly value: T }
  | { readonly kind: "done" }
  | { readonly kind: "in-flight"; readonly retryAfter: number };

const WEEK = 604_800_000;

/**
 * Has exactly one effect within `ttl`: the mark that it was done is written in the transaction in
 * which `work` has its effect, so that both are there or neither. `work` gets the client's own
 * transaction, and a session for {@linkcode publishInTx}. Who comes with the same key meanwhile waits
 * for the end of the transaction.
 *
 * What `work` throws rolls everything back and passes. On SQLite `work` must be synchronous.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example An order that is booked once, however often its message comes
 * ```ts
 * import { fromSqlite, migrate, onceInTx, sqlStore } from "@beat/sql";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * await connection.query("CREATE TABLE bookings (total INTEGER)", []);
 *
 * const store = sqlStore(connection);
 * const book = () =>
 *   onceInTx(store, "order-7", (tx) => tx.prepare("INSERT INTO bookings VALUES (?)").all(12));
 * assertEquals((await book()).kind, "ran");
 * assertEquals((await book()).kind, "done");
 * assertEquals(connection.query("SELECT total FROM bookings", []).length, 1);
 * ```
 */
export async function onceInTx<T, Tx>(
  store: SqlStore<Tx>,
  key: string,
  work: (tx: Tx, session: SqlSession) => T | Promise<T>,
  options: OnceInTxOptions = {},
): Promise<OnceInTxResult<T>> {
  const action = "do something once";
  check(action, "key", key, KEY_RULE);
  check(action, "work", work, FUNCTION);
  checkOptions(action, options, { ttl: DURATION });
  const { connection, prefix } = store;
  const { ttl = WEEK } = options;
  const tables = tablesOf(prefix);
  return await connection.transaction((session, tx) =>
    then(run(session, lockMark(connection, tables, key)), (mark): Eventual<OnceInTxResult<T>> => {
      if (mark.left > 0) {
        return mark.isDone ? { kind: "done" } : { kind: "in-flight", retryAfter: mark.left };
      }
      const written = run(
        session,
        writeMark(connection, tables, key, { token: mark.token + 1, done: 1, left: ttl }),
      );
      return then(
        written,
        () => then(work(tx, session), (value) => ({ kind: "ran" as const, value })),
      );
    })
  );
}

type Eventual<T> = T | Promise<T>;

/** Goes on at once where nothing has to be waited for. */
function then<T, R>(value: Eventual<T>, next: (value: T) => Eventual<R>): Eventual<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
