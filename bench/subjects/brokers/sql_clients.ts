/**
 * What people write by hand: a table as a queue, whose rows are claimed with a lease, and deleted.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Rec } from "../../../src/message/mod.ts";
import { checked, type Client, newRec, PREFETCH, several } from "./client.ts";
import { openMariadb, openPostgres, openSqlite } from "./databases.ts";
import type { BrokerName } from "./places.ts";

/** A table of a database. */
interface Table {
  /** Makes it. */
  create(): Promise<unknown>;
  insert(recs: readonly Rec[]): Promise<unknown>;
  /** Leases the first rows that nobody has. */
  claim(lease: string): Promise<readonly Row[]>;
  /** Deletes what is leased. */
  end(lease: string, rows: readonly Row[]): Promise<unknown>;
  drop(): Promise<unknown>;
}

interface Row {
  readonly seq: number | string;
  readonly id: string;
  readonly message_key: string;
  readonly headers: string;
  readonly payload: Uint8Array;
  readonly time: number | string;
}

const NAME = `bench_${Date.now().toString(36)}`;
const LEASE = 30_000;
/** Milliseconds between two looks at a table that was empty. */
const PAUSE = 100;

/** A queue in a database. */
export async function openTable(name: BrokerName): Promise<Client> {
  const table = await TABLES[name]!();
  await table.create();
  return {
    publish: (payload, at) => table.insert([newRec(payload, at)]),
    publishAll: (payload, count) => table.insert(several(newRec, payload, count)),
    consume(handle) {
      let isOver = false;
      let acking: Promise<unknown> = Promise.resolve();
      const loop = (async () => {
        while (!isOver) {
          const lease = crypto.randomUUID();
          const rows = await table.claim(lease);
          if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE));
          for (const row of rows) handle(checked(recOf(row)));
          // While these are deleted, the next are claimed.
          await acking;
          if (rows.length > 0) acking = table.end(lease, rows);
        }
        await acking;
      })();
      return Promise.resolve(async () => {
        isOver = true;
        await loop;
      });
    },
    close: () => table.drop(),
  };
}

const COLUMNS = "topic, id, message_key, headers, payload, time";
const SELECTED = "seq, id, message_key, headers, payload, time";

function valuesOf({ id, key, headers, payload, time }: Rec): (string | number | Buffer)[] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return ["orders", id, key, JSON.stringify(headers), bytes, time];
}

function recOf({ id, message_key: key, headers, payload, time }: Row): Rec {
  return { id, key, headers: JSON.parse(headers), payload, time: Number(time) };
}

/** As many as there are, separated by commas. */
function list(count: number, make: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => make(at)).join(", ");
}

function definition(serial: string, text: string, bytes: string): string {
  return `CREATE TABLE ${NAME} (seq ${serial} PRIMARY KEY, topic ${text} NOT NULL,
    id ${text} NOT NULL, message_key ${text} NOT NULL, headers ${text} NOT NULL,
    payload ${bytes} NOT NULL, time BIGINT NOT NULL, visible_at BIGINT NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, lease VARCHAR(36))`;
}

async function postgresTable(): Promise<Table> {
  const sql = await openPostgres();
  const now = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)";
  const query = (text: string, values: unknown[]) =>
    sql.unsafe(text, values as string[], { prepare: true });
  return {
    create: () => query(definition("BIGINT GENERATED ALWAYS AS IDENTITY", "TEXT", "BYTEA"), []),
    insert(recs) {
      const rows = list(recs.length, (at) => `(${list(6, (column) => `$${6 * at + column + 1}`)})`);
      return query(`INSERT INTO ${NAME} (${COLUMNS}) VALUES ${rows}`, recs.flatMap(valuesOf));
    },
    // A claim that a crash undoes is one that nobody has: it need not be on the disk.
    claim: (lease) =>
      query(
        `UPDATE ${NAME} t SET lease = $1, attempts = attempts + 1, visible_at = ${now} + ${LEASE}
        FROM (SELECT seq, set_config('synchronous_commit', 'off', true) FROM ${NAME}
          WHERE visible_at <= ${now} ORDER BY seq LIMIT ${PREFETCH} FOR UPDATE SKIP LOCKED) due
        WHERE t.seq = due.seq RETURNING ${SELECTED.replace("seq", "t.seq")}`,
        [lease],
      ) as Promise<unknown> as Promise<Row[]>,
    end: (lease, rows) =>
      query(`DELETE FROM ${NAME} WHERE seq = ANY($1) AND lease = $2`, [
        rows.map(({ seq }) => seq),
        lease,
      ]),
    async drop() {
      await query(`DROP TABLE ${NAME}`, []);
      await sql.end({ timeout: 1 });
    },
  };
}

async function mariadbTable(): Promise<Table> {
  const pool = await openMariadb();
  const now = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";
  return {
    create: () => pool.query(definition("BIGINT AUTO_INCREMENT", "VARCHAR(255)", "LONGBLOB")),
    insert(recs) {
      const rows = list(recs.length, () => "(?, ?, ?, ?, ?, ?)");
      const values = recs.flatMap(valuesOf);
      return pool.execute(`INSERT INTO ${NAME} (${COLUMNS}) VALUES ${rows}`, values);
    },
    async claim(lease) {
      const own = await pool.getConnection();
      await own.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await own.query("START TRANSACTION");
      const [rows] = await own.execute(
        `SELECT ${SELECTED} FROM ${NAME} WHERE visible_at <= ${now}
        ORDER BY seq LIMIT ${PREFETCH} FOR UPDATE SKIP LOCKED`,
      ) as unknown as [Row[]];
      if (rows.length > 0) {
        await own.query(
          `UPDATE ${NAME} SET lease = ?, attempts = attempts + 1, visible_at = ${now} + ${LEASE}
          WHERE seq IN (?)`,
          [lease, rows.map(({ seq }) => seq)],
        );
      }
      await own.query("COMMIT");
      own.release();
      return rows;
    },
    end: (lease, rows) =>
      pool.query(`DELETE FROM ${NAME} WHERE seq IN (?) AND lease = ?`, [
        rows.map(({ seq }) => seq),
        lease,
      ]),
    async drop() {
      await pool.query(`DROP TABLE ${NAME}`);
      await pool.end();
    },
  };
}

async function sqliteTable(): Promise<Table> {
  const handle = await openSqlite();
  handle.exec(definition("INTEGER", "TEXT", "BLOB"));
  const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
  const statements = new Map<string, ReturnType<typeof handle.prepare>>();
  // deno-lint-ignore require-await -- So that what it throws rejects.
  const query = async (text: string, values: unknown[]): Promise<readonly Row[]> => {
    let statement = statements.get(text);
    if (statement === undefined) statements.set(text, statement = handle.prepare(text));
    return statement.all(...values) as Row[];
  };
  return {
    create: () => Promise.resolve(),
    insert(recs) {
      const rows = list(recs.length, () => "(?, ?, ?, ?, ?, ?)");
      return query(`INSERT INTO ${NAME} (${COLUMNS}) VALUES ${rows}`, recs.flatMap(valuesOf));
    },
    claim: (lease) =>
      query(
        `UPDATE ${NAME} SET lease = ?, attempts = attempts + 1, visible_at = ${now} + ${LEASE}
        WHERE seq IN (SELECT seq FROM ${NAME} WHERE visible_at <= ${now} ORDER BY seq
          LIMIT ${PREFETCH}) RETURNING ${SELECTED}`,
        [lease],
      ),
    end: (lease, rows) =>
      query(
        `DELETE FROM ${NAME} WHERE seq IN (SELECT value FROM json_each(?)) AND lease = ?`,
        [JSON.stringify(rows.map(({ seq }) => seq)), lease],
      ),
    // deno-lint-ignore require-await
    async drop() {
      handle.close();
    },
  };
}

const TABLES: Readonly<Partial<Record<BrokerName, () => Promise<Table>>>> = {
  postgres: postgresTable,
  mariadb: mariadbTable,
  sqlite: sqliteTable,
};
