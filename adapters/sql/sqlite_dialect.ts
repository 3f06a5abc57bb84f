import type { SqlDialect } from "./contracts.ts";
import { numberedDialect } from "./numbered_dialect.ts";
import { claim, isDue } from "./queue_plans.ts";
import { selectLastBefore } from "./select_last_before.ts";
import { ensureByConflict, fanOut } from "./table_statements.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** Result codes of SQLite: somebody else writes, or has a table locked. */
const BUSY = [5, 6];

const KEYED = " WITHOUT ROWID";

/**
 * SQLite 3.42 and later. One transaction writes at a time: what has a higher number was committed later,
 * and nothing has to be locked.
 */
export const sqlite: SqlDialect = numberedDialect({
  name: "sqlite",
  // All use one connection: a statement may else be part of another's transaction.
  isWrapped: true,
  now: NOW,
  forUpdate: "",
  upToDate: "",
  *lastBefore(tables, topic, since) {
    const [row] = yield [selectLastBefore(tables, "?", since), [topic]];
    return Number(row!.seq);
  },
  insertIgnore: "INSERT OR IGNORE",
  impatiently: "",
  ensure: ensureByConflict,
  isDue,
  claim,
  isBusy: (error) => BUSY.includes(codeOf(error)) || /within a transaction/.test(String(error)),
  isRefusal: () => true,
  parts: {
    // No number is given twice, not even that of a row which is gone.
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
    name: () => "TEXT",
    text: "TEXT",
    bytes: "BLOB",
    int64: "INTEGER",
    int32: "INTEGER",
    now: NOW,
    indexed: (column) => column,
    order: "seq",
    options: { log: "", queue: KEYED, other: KEYED },
  },
  trigger: (tables) =>
    `CREATE TRIGGER IF NOT EXISTS ${tables.fanOut} AFTER INSERT ON ${tables.messages} BEGIN
    ${fanOut(tables, "NEW")};
    END`,
});

/** `errcode` of Node and Deno, `errno` of Bun; extended codes have the code in their last byte. */
function codeOf(error: unknown): number {
  const { errcode, errno } = Object(error) as { errcode?: unknown; errno?: unknown };
  const code = typeof errcode === "number" ? errcode : errno;
  return typeof code === "number" ? code & 0xff : 0;
}
