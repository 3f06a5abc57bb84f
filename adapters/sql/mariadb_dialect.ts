import type { SqlDialect } from "./contracts.ts";
import { numberedDialect } from "./numbered_dialect.ts";
import { fanOut } from "./table_statements.ts";

/** The clock, and not the start of the statement. */
const NOW = "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)";
/** In a DEFAULT, where the clock is not let in. */
const STATEMENT_TIME = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

/**
 * A snapshot that is made now may still be without what a lock was just given for; and a lower number
 * may be committed later: a shared lock waits for those that are on their way.
 */
const SHARE = " LOCK IN SHARE MODE";

/** Lock wait timeout, deadlock. */
const BUSY = [1205, 1213];

/** The server shuts down, or has closed the connection. */
const ENDING = [1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031];

/** Text is compared byte by byte, trailing spaces included. */
const OPTIONS = " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";

/** MariaDB 10.6 and later. */
export const mariadb: SqlDialect = numberedDialect({
  name: "mariadb",
  now: NOW,
  skipLocked: " FOR UPDATE SKIP LOCKED",
  forUpdate: " FOR UPDATE",
  upToDate: SHARE,
  insertIgnore: "INSERT IGNORE",
  // A second; who waits holds a connection, and comes again.
  impatiently: "SET STATEMENT innodb_lock_wait_timeout = 1 FOR ",
  // INSERT IGNORE would share a lock on the row that is there, and wait for itself in another's hands.
  ensure: (table, key, columns) =>
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON DUPLICATE KEY UPDATE ${key} = ${table}.${key}`,
  isBusy: (error) => BUSY.includes(numberOf(error)),
  isRefusal: (error) => {
    const number = numberOf(error);
    return isOfServer(number) && !ENDING.includes(number);
  },
  parts: {
    serial: "BIGINT AUTO_INCREMENT PRIMARY KEY",
    name: (length) => `VARCHAR(${length})`,
    text: "MEDIUMTEXT",
    bytes: "LONGBLOB",
    int64: "BIGINT",
    int32: "INT",
    now: STATEMENT_TIME,
    indexed: (column) => `${column}(64)`,
    order: "seq",
    options: { log: OPTIONS, queue: OPTIONS, other: OPTIONS },
  },
  // Locked, each row of a statement sees the groups as they are then: unlocked, as when it began.
  trigger: (tables) =>
    `CREATE OR REPLACE TRIGGER ${tables.fanOut} AFTER INSERT ON ${tables.messages} FOR EACH ROW
    ${fanOut(tables, "NEW")}${SHARE}`,
});

function numberOf(error: unknown): number {
  const { errno } = Object(error) as { errno?: unknown };
  return typeof errno === "number" ? errno : 0;
}

/** The numbers between are those of clients. */
function isOfServer(number: number): boolean {
  return number >= 1_000 && number < 2_000 || number >= 3_000;
}
