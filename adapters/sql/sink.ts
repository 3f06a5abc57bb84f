import type { Plan, SqlConnection } from "./contracts.ts";
import type { SendFailure, SendItem, Sink } from "@beat/beat/transport";
import { insertion } from "./record.ts";
import { execute } from "./session.ts";
import type { Tables } from "./tables.ts";

/** Publishes each batch by one statement. */
export class SqlSink implements Sink {
  readonly limits = { batch: 256, bytes: 1_048_576, lanes: 4 };
  readonly #connection: SqlConnection;
  readonly #tables: Tables;
  readonly #onStored: (topic: string) => void;

  constructor(connection: SqlConnection, tables: Tables, onStored: (topic: string) => void) {
    this.#connection = connection;
    this.#tables = tables;
    this.#onStored = onStored;
  }

  /** A database numbers in the order of the statements: one of a topic goes after the other. */
  lane(topic: string): string {
    return topic;
  }

  async send(
    lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    const failure = await this.#store(items);
    if (failure?.outcome !== "rejected" || items.length === 1) {
      if (failure === undefined) this.#onStored(lane);
      return items.map(() => failure);
    }
    // The database refused all for what may be the fault of one.
    return await this.#storeEach(lane, items);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #storeEach(
    topic: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    const failed = new Map<string, unknown>();
    const results: (undefined | SendFailure)[] = [];
    for (const item of items) {
      const { key } = item.rec;
      const failure = failed.has(key)
        ? { cause: failed.get(key), outcome: "not-attempted" } as const
        : await this.#store([item]);
      if (failure !== undefined && key !== "") failed.set(key, failure.cause);
      results.push(failure);
    }
    this.#onStored(topic);
    return results;
  }

  async #store(items: readonly SendItem[]): Promise<SendFailure | undefined> {
    const tables = this.#tables;
    try {
      await execute(this.#connection, function* (): Plan<void> {
        yield insertion(tables, items);
      });
      return undefined;
    } catch (cause) {
      const isRefusal = this.#connection.dialect.isRefusal(cause);
      return { cause, outcome: isRefusal ? "rejected" : "unknown" };
    }
  }
}
