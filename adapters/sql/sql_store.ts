import type { Plan, SqlConnection } from "./contracts.ts";
import type { Claim, ClaimResult, Store } from "@beat/beat/message";
import { check, checkOptions, DURATION, type Rule } from "@beat/beat/transport";
import { checkConnection } from "./options.ts";
import type { TableOptions } from "./schema.ts";
import { transact } from "./session.ts";
import { LONGEST_MARK } from "./table_statements.ts";
import { PREFIX, PREFIX_RULE, type Tables, tablesOf } from "./tables.ts";

/** A store in a database: what one process has done, all others know. */
export interface SqlStore<Tx = unknown> extends Store {
  /** The database. */
  readonly connection: SqlConnection<Tx>;
  /** What the names of its tables begin with. */
  readonly prefix: string;
}

/** A row of the marks. */
interface Mark {
  readonly token: number;
  readonly isDone: boolean;
  /** Milliseconds until it counts no more; none are left if it does not. */
  readonly left: number;
}

/** A database that is not strict cuts off what is too long: two keys would be one. */
export const KEY_RULE: Rule = [
  `a text of 1 to ${LONGEST_MARK} characters`,
  "string",
  (key: string) => key.length > 0 && key.length <= LONGEST_MARK,
];

/** Milliseconds that a lease or a mark may be: a thousand years. */
const LONGEST = 31_557_600_000_000;

/**
 * Remembers in a database what was done, for `deduplicate` and `once` of `@beat/beat/middleware` and
 * for {@linkcode onceInTx}. Times are those of the database. Expired keys are removed by
 * {@linkcode sweep}.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A claim, and who comes second
 * ```ts
 * import { fromSqlite, migrate, sqlStore } from "@beat/sql";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * const store = sqlStore(connection);
 * const first = await store.claim("order-7", 30_000);
 * assertEquals((await store.claim("order-7", 30_000)).kind, "in-flight");
 * if (first.kind === "claimed") await store.done("order-7", first.claim, 60_000);
 * assertEquals((await store.claim("order-7", 30_000)).kind, "done");
 * ```
 */
export function sqlStore<Tx>(
  connection: SqlConnection<Tx>,
  options: TableOptions = {},
): SqlStore<Tx> {
  const action = "create a sql store";
  checkConnection(action, connection);
  checkOptions(action, options, { prefix: PREFIX_RULE });
  const { prefix = PREFIX } = options;
  const tables = tablesOf(prefix);
  /** Changes a mark if a claim still holds it. */
  const change = (
    key: string,
    { token }: Claim,
    { done = 0, left }: { done?: number; left: number },
  ) =>
    transact(connection, function* (): Plan<boolean> {
      const mark = yield* findMark(connection, tables, key);
      if (mark === undefined || mark.isDone || mark.token !== Number(token)) return false;
      if (mark.left <= 0) return false;
      yield* writeMark(connection, tables, key, { token: mark.token, done, left });
      return true;
    });
  return {
    connection,
    prefix,
    async claim(key, lease) {
      check("claim a key", "key", key, KEY_RULE);
      check("claim a key", "lease", lease, DURATION);
      return await transact(connection, () => claimMark(connection, tables, key, lease));
    },
    async extend(key, claim, lease) {
      check("extend a claim", "lease", lease, DURATION);
      return await change(key, claim, { left: lease });
    },
    async done(key, claim, ttl) {
      check("end a claim", "ttl", ttl, DURATION);
      return await change(key, claim, { done: 1, left: ttl });
    },
    release: (key, claim) => change(key, claim, { left: 0 }),
  };
}

function* claimMark(
  connection: SqlConnection,
  tables: Tables,
  key: string,
  lease: number,
): Plan<ClaimResult> {
  const mark = yield* lockMark(connection, tables, key);
  if (mark.left > 0) {
    return mark.isDone ? { kind: "done" } : { kind: "in-flight", retryAfter: mark.left };
  }
  const token = mark.token + 1;
  yield* writeMark(connection, tables, key, { token, done: 0, left: lease });
  return { kind: "claimed", claim: { token } };
}

/** The mark of a key, locked until the transaction ends: whoever asks for the same key waits. */
export function* lockMark(
  connection: SqlConnection,
  tables: Tables,
  key: string,
): Plan<Mark> {
  const insert = connection.dialect.ensure(tables.marks, "mark", [
    "mark",
    "token",
    "done",
    "until",
  ]);
  yield [insert, [key, 0, 0, 0]];
  return (yield* findMark(connection, tables, key))!;
}

/** Writes a mark that is locked. */
export function* writeMark(
  { dialect }: SqlConnection,
  { marks }: Tables,
  key: string,
  { token, done, left }: { token: number; done: number; left: number },
): Plan<void> {
  yield [
    `UPDATE ${marks} SET token = ?, done = ?, until = ${dialect.now} + ? WHERE mark = ?`,
    [token, done, Math.min(Math.ceil(left), LONGEST), key],
  ];
}

function* findMark(
  { dialect: { now, forUpdate } }: SqlConnection,
  { marks }: Tables,
  key: string,
): Plan<Mark | undefined> {
  const rows = yield [
    `SELECT token, done, until - ${now} AS remaining FROM ${marks} WHERE mark = ?${forUpdate}`,
    [key],
  ];
  const [row] = rows;
  return row && {
    token: Number(row.token),
    isDone: Number(row.done) === 1,
    left: Number(row.remaining),
  };
}
