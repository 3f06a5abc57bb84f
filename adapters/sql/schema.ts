import type { SqlConnection, SqlDialect } from "./contracts.ts";
import { checkOptions } from "@beat/beat/transport";
import { mariadb } from "./mariadb_dialect.ts";
import { postgres } from "./postgres_dialect.ts";
import { sqlite } from "./sqlite_dialect.ts";
import { PREFIX, PREFIX_RULE, tablesOf } from "./tables.ts";

/** Which tables. */
export interface TableOptions {
  /** What their names begin with: who uses another one has a broker of its own. @default {"beat_"} */
  prefix?: string;
}

const DIALECTS: Record<SqlDialect["name"], SqlDialect> = { postgres, mariadb, sqlite };

/**
 * The statements that make the tables, for who keeps migrations of their own. Each may be executed
 * again: what is there stays.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example Print the statements
 * ```ts
 * import { schema } from "@beat/sql";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const [first] = schema("postgres", { prefix: "shop_" });
 * assertStringIncludes(first, "CREATE TABLE IF NOT EXISTS shop_messages");
 * ```
 */
export function schema(
  database: SqlDialect["name"],
  options: TableOptions = {},
): readonly string[] {
  const dialect = DIALECTS[database];
  return dialect.schema(tablesFor("write the schema", options));
}

/**
 * Makes the tables; those that are there stay.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export async function migrate(
  connection: SqlConnection,
  options: TableOptions = {},
): Promise<void> {
  for (const statement of connection.dialect.schema(tablesFor("make the tables", options))) {
    await connection.query(statement, []);
  }
}

/** The tables that options name. */
export function tablesFor(
  action: string,
  options: TableOptions,
): ReturnType<typeof tablesOf> {
  checkOptions(action, options, { prefix: PREFIX_RULE });
  return tablesOf(options.prefix ?? PREFIX);
}
