import { ClosedError } from "@beat/beat/message";
import { ConnectionNews, type Health, measureHealth } from "@beat/beat/transport";
import { BlockingReader } from "./blocking_reader.ts";
import type { RedisClient } from "./client.ts";
import { Connection } from "./connection.ts";

/** A server as a transport has it: one connection for commands, and one for each consumer. */
export class Server {
  /** Where nothing waits. */
  readonly connection: Connection;
  /** What becomes of it. */
  readonly news: ConnectionNews = new ConnectionNews();
  readonly #client: RedisClient;
  readonly #timeout: number;
  readonly #consumers = new Set<Connection>();
  #closed = false;

  constructor(client: RedisClient, timeout: number) {
    this.#client = client;
    this.#timeout = timeout;
    this.connection = new Connection(client, timeout, (event) => this.news.tell(event));
  }

  /** Opens a connection for a consumer; what `use` throws closes it. */
  async connect<T>(
    action: string,
    use: (reader: BlockingReader, connection: Connection) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new ClosedError(action, "transport");
    const connection = new Connection(this.#client, this.#timeout);
    this.#consumers.add(connection);
    void connection.closed.then(() => this.#consumers.delete(connection));
    const reader = new BlockingReader(connection, this.connection);
    try {
      await reader.open();
      return await use(reader, connection);
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  /** Whether the server answers. */
  health(options?: { signal?: AbortSignal }): Promise<Health> {
    return measureHealth(() => this.connection.call("PING"), options);
  }

  /** Takes no consumers any more, and ends all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    const connections = [this.connection, ...this.#consumers];
    await Promise.all(connections.map((connection) => connection.close()));
  }
}
