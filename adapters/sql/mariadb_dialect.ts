import type { SqlDialect } from "./contracts.ts";
import { claimByUpdate, isThere } from "./mariadb_claim.ts";
import { lastBefore, notCommitted } from "./mariadb_late.ts";
import { numberedDialect } from "./numbered_dialect.ts";
import { fanOut, index } from "./table_statements.ts";

/** When the statement began, in no time zone: in one, there are two of the hours in which a summer ends. */
const NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";

/**
 * A snapshot that is made now may still be without what a lock was just given for; and a lower number
 * may be committed later: a shared lock waits for those that are on their way.
 */
const SHARE = " LOCK IN SHARE MODE";

/**
 * The server gives a statement its numbers, and rows to them later: another one may write higher numbers
 * and commit them between, and a reader would pass what comes after. How many rows a query has it does not
 * know, and lets no other statement have numbers until that one has written them.
 */
const ROW = `SELECT CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR),
  CAST(? AS BINARY), CAST(? AS SIGNED)`;

/** Lock wait timeout, deadlock. */
const BUSY = [1205, 1213];

/** The server shuts down, or has closed the connection. */
const ENDING = [1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031];

/** Text is compared byte by byte, trailing spaces included. */
const OPTIONS = " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";

/** MariaDB 10.6 and later. */
export const mariadb: SqlDialect = numberedDialect({
  name: "mariadb",
  isWrapped: false,
  now: NOW,
  rows: (rows) => [Array(rows.length).fill(ROW).join(" UNION ALL "), rows.flat()],
  forUpdate: " FOR UPDATE",
  upToDate: SHARE,
  insertIgnore: "INSERT IGNORE",
  // A second; who waits holds a connection, and comes again.
  impatiently: "SET STATEMENT innodb_lock_wait_timeout = 1 FOR ",
  notCommitted,
  lastBefore,
  // INSERT IGNORE would share a lock on the row that is there, and wait for itself in another's hands.
  ensure: (table, key, columns) =>
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON DUPLICATE KEY UPDATE ${key} = ${table}.${key}`,
  isDue: isThere,
  claim: claimByUpdate,
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
    now: NOW,
    indexed: (column) => `${column}(64)`,
    order: "seq",
    // What is with a handler, to be found among all that waits.
    indexes: ({ deliveries }) => [index(deliveries, "lease", "queue, lease")],
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
