import type { Plan, SqlConnection, SqlRow } from "./contracts.ts";
import { checkTopic } from "@beat/beat/message";
import {
  checkOptions,
  choice,
  DURATION,
  type Rule,
  type Rules,
  type TopicAdmin,
  type TopicConfig,
} from "@beat/beat/transport";
import { transact } from "./session.ts";
import { queueOf, type Tables } from "./tables.ts";

/** How a topic in a database is made. */
export interface SqlTopicConfig extends TopicConfig {
  /**
   * Milliseconds that a message is kept after it was published. What a group has not settled, or has
   * put aside, is kept for longer. @default {Infinity}
   */
  retentionMs?: number;
  /** A database keeps what it was told. @default {"persistent"} */
  persistence?: "persistent";
}

const NOT_IN_SQL: Rule = ["left out, a database cannot do it", "undefined"];

const RULES: Rules = {
  partitions: NOT_IN_SQL,
  replicas: NOT_IN_SQL,
  retentionMs: DURATION,
  retentionBytes: NOT_IN_SQL,
  maxMessages: NOT_IN_SQL,
  persistence: choice("persistent"),
  compression: NOT_IN_SQL,
};

/** Creates and changes topics. They come into being by use, too. */
export class SqlAdmin implements TopicAdmin {
  readonly #connection: SqlConnection;
  readonly #tables: Tables;

  /** Use {@linkcode sqlTransport}, which has one. */
  constructor(connection: SqlConnection, tables: Tables) {
    this.#connection = connection;
    this.#tables = tables;
  }

  /**
   * Creates a topic, unless it was created; one that is only in use is created, too.
   *
   * @throws {TypeError | RangeError} If the name or a field is malformed, or a database cannot do it.
   */
  async create(topic: string, config: SqlTopicConfig = {}): Promise<"created" | "exists"> {
    checkTopic("create a topic", topic);
    checkOptions(`create topic '${topic}'`, config, RULES);
    const { dialect } = this.#connection;
    const { topics } = this.#tables;
    const token = crypto.randomUUID();
    return await transact(this.#connection, function* (): Plan<"created" | "exists"> {
      // Who inserts the row finds its own token in it, however many do so at the same time.
      const insert = dialect.ensure(topics, "topic", ["topic", "maker", "retention_ms"]);
      yield [insert, [topic, token, finite(config.retentionMs)]];
      const [row] = yield [`SELECT maker FROM ${topics} WHERE topic = ?`, [topic]];
      return row!.maker === token ? "created" : "exists";
    });
  }

  /**
   * Changes a topic; resolves with the names of the fields that it changed.
   *
   * @throws {TypeError | RangeError} If there is none, or a field is malformed.
   */
  async update(topic: string, config: SqlTopicConfig): Promise<readonly string[]> {
    const action = `update topic '${topic}'`;
    checkOptions(action, config, RULES);
    const before = await this.describe(topic);
    if (before === undefined) throw new RangeError(`Cannot ${action} as there is none`);
    const { retentionMs = before.retentionMs } = config;
    if (retentionMs === before.retentionMs) return [];
    const { topics } = this.#tables;
    await this.create(topic);
    await this.#query(`UPDATE ${topics} SET retention_ms = ? WHERE topic = ?`, [
      finite(retentionMs),
      topic,
    ]);
    return ["retentionMs"];
  }

  /** How a topic is made, defaults included; `undefined` if there is none. */
  async describe(topic: string): Promise<SqlTopicConfig | undefined> {
    const rows = await this.#query(
      `SELECT retention_ms FROM ${this.#tables.topics} WHERE topic = ?`,
      [topic],
    );
    if (rows.length === 0 && !(await this.list()).includes(topic)) return undefined;
    const limit = rows[0]?.retention_ms ?? Infinity;
    return { retentionMs: Number(limit), persistence: "persistent" };
  }

  /** The names of all topics: those that were created, and those that are in use. */
  async list(): Promise<readonly string[]> {
    const { topics, messages, groups } = this.#tables;
    const rows = await this.#query(
      `SELECT topic FROM ${topics} UNION SELECT topic FROM ${messages}
      UNION SELECT topic FROM ${groups} WHERE topic <> '*' ORDER BY topic`,
      [],
    );
    return rows.map((row) => row.topic as string);
  }

  /** Removes a topic with its messages and groups. A group that is in use begins anew. */
  async remove(topic: string): Promise<boolean> {
    if (await this.describe(topic) === undefined) return false;
    const { topics, messages, deliveries } = this.#tables;
    const groups = this.#connection.dialect.groupTables(this.#tables);
    await transact(this.#connection, function* (): Plan<void> {
      yield [
        `DELETE FROM ${deliveries} WHERE seq IN (SELECT seq FROM ${messages} WHERE topic = ?)`,
        [topic],
      ];
      for (const table of [...groups, messages, topics]) {
        yield [`DELETE FROM ${table} WHERE topic = ?`, [topic]];
      }
    });
    return true;
  }

  /** Removes a consumer group with what it has not settled. If it is in use, it begins anew. */
  async removeGroup(topic: string, group: string): Promise<boolean> {
    const { groups, deliveries } = this.#tables;
    const all = this.#connection.dialect.groupTables(this.#tables);
    const queue = queueOf(topic, group);
    return await transact(this.#connection, function* (): Plan<boolean> {
      const rows = yield [`SELECT queue FROM ${groups} WHERE queue = ?`, [queue]];
      for (const table of [...all, deliveries]) {
        yield [`DELETE FROM ${table} WHERE queue = ?`, [queue]];
      }
      return rows.length > 0;
    });
  }

  async #query(
    sql: string,
    values: readonly (string | number | null)[],
  ): Promise<readonly SqlRow[]> {
    return await this.#connection.query(sql, values);
  }
}

function finite(limit: number | undefined): number | null {
  return limit === undefined || limit === Infinity ? null : Math.ceil(limit);
}
