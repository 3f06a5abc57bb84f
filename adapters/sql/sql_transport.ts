import type { Passed, Plan, Position } from "./contracts.ts";
import { ClosedError, type Rec } from "@beat/beat/message";
import {
  Bell,
  checkPeek,
  type HealthReporter,
  measureHealth,
  type SourceSpec,
  type Transport,
} from "@beat/beat/transport";
import { sqlAdmin } from "./admin.ts";
import { openGroup } from "./group_source.ts";
import { resolveOptions, type SqlTransportOptions } from "./options.ts";
import { readerSource } from "./reader_source.ts";
import { recordOf } from "./record.ts";
import { run } from "./session.ts";
import { sqlSink } from "./sink.ts";
import { queueOf, tablesOf } from "./tables.ts";
import type { SqlAdmin } from "./topic_config.ts";

/** A database as a broker. */
export interface SqlTransport extends Transport, HealthReporter {
  /** Creates and changes topics. */
  readonly admin: SqlAdmin;
  /** The first messages of a topic that are kept, settled or not; none if it is not there. */
  peek(topic: string, limit: number): Promise<Rec[]>;
}

/**
 * A database as a broker: groups that share messages with leases, readers, order per key across all
 * members, delays and attempts that survive every process. The tables must be there: see
 * {@linkcode migrate}.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A queue in SQLite
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { publisher } from "@beat/beat/transport";
 * import { fromSqlite, migrate, sqlTransport } from "@beat/sql";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * const transport = sqlTransport({ connection });
 * await publisher(transport).publish("orders", new Message("paid", { key: "order-7" }));
 * assertEquals((await transport.peek("orders", 10)).map(({ key }) => key), ["order-7"]);
 * ```
 */
export function sqlTransport(options: SqlTransportOptions): SqlTransport {
  const resolved = resolveOptions("create a sql transport", options);
  const { connection, prefix, lease, pollInterval } = resolved;
  const { dialect } = connection;
  const tables = tablesOf(prefix);
  const bells = new Map<Bell, string>();
  /** A reader whose source is lost goes on where it was. */
  const bookmarks = new WeakMap<SourceSpec, { position: Position }>();
  let isClosed = false;

  const bookmarkOf = async (spec: SourceSpec) => {
    const { topic, from } = spec;
    const bookmark = bookmarks.get(spec) ??
      { position: await run(connection, dialect.begin(tables, topic, from)) };
    bookmarks.set(spec, bookmark);
    return bookmark;
  };

  return {
    name: "sql",
    traits: {
      settle: "each",
      requeue: "broker",
      lease,
      counts: true,
      retained: true,
      groups: true,
      keyOrder: "group",
    },
    admin: sqlAdmin(connection, tables),

    async source(spec) {
      const { topic, group, from, ordered } = spec;
      if (isClosed) throw new ClosedError(`subscribe to '${topic}'`, "transport");
      const bell = new Bell();
      // deno-lint-ignore require-await
      const close = async () => void bells.delete(bell);
      const polling = { connection, pollInterval, bell, close };
      const source = group === undefined
        ? readerSource({ ...polling, tables, topic, bookmark: await bookmarkOf(spec) })
        : await openGroup({
          ...polling,
          queue: { dialect, tables, name: queueOf(topic, group), lease, ordered },
          topics: [topic],
          from,
        });
      bells.set(bell, topic);
      return source;
    },

    sink: () =>
      sqlSink(connection, tables, (stored) => {
        for (const [bell, topic] of bells) if (topic === stored) bell.ring();
      }),

    async peek(topic, limit) {
      checkPeek(topic, limit);
      const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
      const found = await run(
        connection,
        (function* (): Plan<readonly Passed[]> {
          const start = yield* dialect.begin(tables, topic, "earliest");
          return yield* dialect.read(tables, topic, start, most);
        })(),
      );
      return found.map(({ row }) => recordOf(row));
    },

    health: (given) => measureHealth(() => connection.query("SELECT 1 AS ok", []), given),

    // deno-lint-ignore require-await
    async close() {
      isClosed = true;
    },
  };
}
