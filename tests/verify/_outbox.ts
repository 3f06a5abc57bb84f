import { Message, newUuid } from "@beat/beat/message";
import { consume } from "@beat/beat/transport";
import {
  migrate,
  publishInTx,
  relay,
  sqlPublisher,
  type SqlSession,
  sqlTransport,
} from "../../adapters/sql/mod.ts";
import { Child } from "../faults/child.ts";
import { MEMBER, openPlace, pause, type Place, type Places } from "./_outbox_places.ts";

/** What {@linkcode verifyOutbox} takes. */
export interface OutboxRun {
  readonly client: Places["client"];
  /** A server, or a folder for the files of SQLite. */
  readonly url: string;
  /** How many orders. */
  readonly count: number;
  readonly seed: number;
  /** Milliseconds between two kills, on average. */
  readonly killEvery: number;
  /** How many processes are killed at most. @default {Infinity} */
  readonly mostKills?: number;
  /** What remembers which orders have had their effect. */
  readonly store: "sql" | "memory" | "redis";
}

/** What came of it. */
export interface OutboxReport {
  readonly orders: number;
  /** Effects, all of them. */
  readonly effects: number;
  /** Orders without an effect. */
  readonly missing: number;
  /** Effects of orders that were rolled back. */
  readonly ghosts: number;
  /** Effects beyond the first of an order. */
  readonly repeats: number;
  /** Processes that were killed. */
  readonly kills: number;
}

const WORKER = new URL("./_outbox_worker.ts", import.meta.url);
const ROLES = ["relay", "relay", "consumer", "consumer"];
const KEYS = 50;
const LARGEST = 20;

/**
 * Takes orders through an outbox: each is a row and a message in one transaction, some of which are rolled
 * back; two relays bring the messages to a broker, two consumers give them their effect, and all four are
 * processes that are killed again and again, whatever they are doing.
 */
export async function verifyOutbox(options: OutboxRun): Promise<OutboxReport> {
  const { client, url, count, seed, killEvery, mostKills = Infinity, store } = options;
  const random = randomOf(seed);
  const places: Places = { client, url, run: `v${newUuid().replace(/-/g, "").slice(0, 10)}` };
  const outbox = await openPlace(places, "outbox");
  const broker = await openPlace(places, "broker");
  const effects = await openPlace(places, "effects");
  for (const { tables: { connection, prefix } } of [outbox, broker, effects]) {
    await migrate(connection, { prefix });
    await connection.query(`CREATE TABLE ${prefix}rows (id INTEGER)`, []);
  }
  // From now on who is empty has nothing left to do: both queues are there.
  await (await relay({ ...outbox.tables, publisher: sqlPublisher(broker.tables) })).close();
  await (await consume(sqlTransport(broker.tables), () => {}, MEMBER)).close();

  const start = (role: string) => new Child(WORKER, [role, store, JSON.stringify(places)]);
  const workers = ROLES.map(start);
  let isOver = false;
  let kills = 0;
  const killing = (async () => {
    while (!isOver && kills < mostKills) {
      const at = Math.floor(random() * ROLES.length);
      // However slow the machine is, who is killed has begun.
      await workers[at]!.says("ready");
      await pause(2 * killEvery * random());
      await workers[at]!.kill();
      workers[at] = start(ROLES[at]!);
      kills++;
    }
  })();
  try {
    await order(outbox, count, randomOf(seed + 1));
    // What was relayed is at the broker before it is gone from the outbox.
    for (const place of [outbox, broker]) {
      while (await rowsOf(place, "deliveries") > 0) await pause(20);
    }
  } finally {
    isOver = true;
    await killing;
    for (const worker of workers) await worker.kill();
  }
  const report = { ...await judge(effects, count), orders: count, kills };
  for (const { close } of [outbox, broker, effects]) await close();
  return report;
}

/** Writes the orders, in transactions of random sizes; those of a transaction that is rolled back are negative. */
async function order(outbox: Place, count: number, random: () => number): Promise<void> {
  const { connection, prefix } = outbox.tables;
  for (let next = 0; next < count;) {
    const isGhost = random() < 0.1;
    const size = Math.min(1 + Math.floor(random() * LARGEST), count - next);
    const ids = Array.from({ length: size }, (_, at) => isGhost ? -1 - next - at : next + at);
    const messages = ids.map((id) => new Message(String(id), { key: `k${Math.abs(id) % KEYS}` }));
    const rows = ids.map(() => "(?)").join(", ");
    const write = (session: SqlSession) => {
      const written = session.query(`INSERT INTO ${prefix}rows (id) VALUES ${rows}`, ids);
      const publish = () => publishInTx(session, "orders", messages, { prefix });
      const end = () => {
        if (isGhost) throw new RollBack();
      };
      return written instanceof Promise ? written.then(publish).then(end) : (publish(), end());
    };
    try {
      await connection.transaction(write);
      next += size;
    } catch (error) {
      // Others have the file at the moment.
      if (!(error instanceof RollBack) && !connection.dialect.isBusy(error)) throw error;
    }
    // Workers, and who kills them, get a turn on SQLite, too.
    await pause(0);
  }
}

class RollBack extends Error {}

async function judge(
  { tables: { connection, prefix } }: Place,
  count: number,
): Promise<Pick<OutboxReport, "effects" | "missing" | "ghosts" | "repeats">> {
  const rows = await connection.query(`SELECT id FROM ${prefix}rows`, []);
  const ids = rows.map(({ id }) => Number(id));
  const orders = new Set(ids.filter((id) => id >= 0));
  const ghosts = ids.filter((id) => id < 0).length;
  const missing = count - orders.size;
  return { effects: ids.length, missing, ghosts, repeats: ids.length - ghosts - orders.size };
}

async function rowsOf({ tables: { connection, prefix } }: Place, table: string): Promise<number> {
  const [row] = await connection.query(`SELECT COUNT(*) AS n FROM ${prefix}${table}`, []);
  return Number(row!.n);
}

/** Numbers from 0 to 1 that a seed repeats: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
