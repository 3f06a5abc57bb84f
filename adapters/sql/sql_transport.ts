import type { Plan, SqlRow } from "./contracts.ts";
import { ClosedError, type Rec } from "@beat/beat/message";
import type {
  Health,
  HealthReporter,
  Host,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { SqlAdmin } from "./admin.ts";
import { Bell } from "./bell.ts";
import { openGroup } from "./group_source.ts";
import { resolveOptions, type SqlTransportOptions } from "./options.ts";
import { type Bookmark, openBookmark, ReaderSource } from "./reader_source.ts";
import { recordOf } from "./record.ts";
import { run } from "./session.ts";
import { SqlSink } from "./sink.ts";
import { queueOf, tablesOf } from "./tables.ts";

/** A database as a broker. */
export interface SqlTransport extends Transport, HealthReporter {
  /** Creates and changes topics. */
  readonly admin: SqlAdmin;
  /** The first messages of a topic that are kept, settled or not. */
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
  const bookmarks = new WeakMap<SourceSpec, Bookmark>();
  let isClosed = false;

  const openReader = async (spec: SourceSpec, bell: Bell, onClose: () => void) => {
    const plan = { connection, tables, topic: spec.topic, pollInterval, bell };
    const bookmark = bookmarks.get(spec) ?? await openBookmark(plan, spec.from);
    bookmarks.set(spec, bookmark);
    return new ReaderSource(plan, bookmark, onClose);
  };
  const openMember = (spec: SourceSpec, group: string, bell: Bell, onClose: () => void) => {
    const { topic, from, ordered } = spec;
    const queue = { dialect, tables, name: queueOf(topic, group), lease, ordered };
    const plan = { connection, topic, queue, pollInterval, bell };
    return openGroup(plan, { topics: [topic], from }, onClose);
  };

  return {
    name: "sql",
    traits: traitsOf(lease),
    admin: new SqlAdmin(connection, tables),

    async source(spec: SourceSpec, _host: Host): Promise<Source> {
      if (isClosed) throw new ClosedError(`subscribe to '${spec.topic}'`, "transport");
      const bell = new Bell();
      const { group } = spec;
      const onClose = () => void bells.delete(bell);
      const source = group === undefined
        ? await openReader(spec, bell, onClose)
        : await openMember(spec, group, bell, onClose);
      bells.set(bell, spec.topic);
      return source;
    },

    sink(): Sink {
      return new SqlSink(connection, tables, (stored) => {
        for (const [bell, topic] of bells) if (topic === stored) bell.ring();
      });
    },

    async peek(topic: string, limit: number): Promise<Rec[]> {
      const earliest = dialect.begin(tables, topic, "earliest");
      const rows = await run(
        connection,
        (function* (): Plan<readonly SqlRow[]> {
          return yield* dialect.read(tables, topic, yield* earliest, limit);
        })(),
      );
      return rows.map(recordOf);
    },

    async health({ signal } = {}): Promise<Health> {
      const started = performance.now();
      const answered = (ok: boolean) => ({ ok, latencyMs: performance.now() - started });
      try {
        signal?.throwIfAborted();
        await unlessAborted(connection.query("SELECT 1 AS ok", []), signal);
        return answered(true);
      } catch (cause) {
        return { ...answered(false), cause };
      }
    },

    // deno-lint-ignore require-await
    async close(): Promise<void> {
      isClosed = true;
    },
  };
}

function traitsOf(lease: number): Traits {
  return {
    settle: "each",
    requeue: "broker",
    lease,
    counts: true,
    retained: true,
    groups: true,
    keyOrder: "group",
  };
}

function unlessAborted<T>(value: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort);
    const end = () => signal?.removeEventListener("abort", abort);
    Promise.resolve(value).then(resolve, reject).finally(end);
  });
}
