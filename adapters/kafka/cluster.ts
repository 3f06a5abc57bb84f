import { ClosedError } from "@beat/beat/message";
import { ConnectionNews, type Health, measureHealth } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import type {
  KafkaAdmin,
  KafkaClient,
  KafkaClientOptions,
  KafkaConnectionEvent,
  KafkaConsumer,
  KafkaConsumerOptions,
  KafkaProducer,
} from "./client.ts";
import { endClient } from "./ending.ts";
import { READ_UNCOMMITTED } from "./offsets.ts";
import type { KafkaPlan } from "./options.ts";

/** How often a client tries again what may go well then. */
const RETRIES = 5;
/** Milliseconds until it does so first, and at most; each wait is twice the one before. */
const FIRST_RETRY = 50;
const LAST_RETRY = 1_000;
/** Milliseconds between two signs of life of a member at most, and how many make a session at least. */
const HEARTBEAT = 3_000;
const HEARTBEATS = 10;

/** A cluster as a transport has it: a client to administer, one to produce, and those of consumers. */
export class Cluster {
  /** What becomes of it. */
  readonly news: ConnectionNews = new ConnectionNews();
  readonly #plan: KafkaPlan;
  readonly #options: KafkaClientOptions;
  readonly #clients = new Set<KafkaClient>();
  #admin: KafkaAdmin | undefined;
  #producer: KafkaProducer | undefined;
  /** Connections that are open of the clients that administer and produce. */
  readonly #connections = new Set<object>();
  #wasConnected = false;
  #closed = false;

  constructor(plan: KafkaPlan) {
    this.#plan = plan;
    this.#options = {
      clientId: "beat",
      connectTimeout: plan.timeout,
      requestTimeout: plan.timeout,
      retries: RETRIES,
      retryDelay: (_client, _operation, attempt) =>
        Math.min(FIRST_RETRY * 2 ** (attempt - 1), LAST_RETRY),
    };
  }

  /** The client that administers; it is made when it is first used. */
  admin(action: string): KafkaAdmin {
    this.#refuse(action);
    return this.#admin ??= this.#watch(this.#plan.clients.admin(this.#options));
  }

  /** The client that produces; it is made when it is first used. */
  producer(action: string): KafkaProducer {
    this.#refuse(action);
    const { clients, timeout } = this.#plan;
    // What is sent again by the same producer is stored once, so it does not give up before its time.
    const retries = RETRIES + Math.ceil(timeout / LAST_RETRY);
    return this.#producer ??= this.#watch(clients.producer({
      ...this.#options,
      idempotent: true,
      retries,
    }));
  }

  /** A client that may join a group, after it has waited for `release`. */
  consumer(
    action: string,
    groupId: string,
    changes: Partial<KafkaConsumerOptions> = {},
  ): KafkaConsumer {
    this.#refuse(action);
    const { clients, sessionTimeout, rebalanceTimeout } = this.#plan;
    return this.#keep(clients.consumer({
      ...this.#options,
      groupId,
      isolationLevel: READ_UNCOMMITTED,
      sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: Math.min(HEARTBEAT, sessionTimeout / HEARTBEATS),
      heartbeatStallTimeout: sessionTimeout,
      protocolsMetadata: () => Promise.resolve(Buffer.alloc(0)),
      ...changes,
    }));
  }

  /** Whether a broker answers. */
  health(options?: { signal?: AbortSignal }): Promise<Health> {
    const topics = { topics: [], forceUpdate: true };
    return measureHealth(() => this.admin("ask for the health").metadata(topics), options);
  }

  /** Ends all clients; none is made any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const { timeout } = this.#plan;
    await Promise.all(Array.from(this.#clients, (client) => endClient(client, timeout)));
  }

  #refuse(action: string): void {
    if (this.#closed) throw new ClosedError(action, "transport");
  }

  #keep<T extends KafkaClient>(client: T): T {
    this.#clients.add(client);
    client.on("client:close", () => this.#clients.delete(client));
    return client;
  }

  #watch<T extends KafkaClient>(client: T): T {
    client.on("client:broker:connect", ({ connection }: KafkaConnectionEvent) => {
      this.#connections.add(connection);
      if (this.#connections.size === 1) this.#tell(true);
    });
    // One that a broker has not let in ends without having begun.
    client.on("client:broker:disconnect", ({ connection }: KafkaConnectionEvent) => {
      if (this.#connections.delete(connection) && this.#connections.size === 0) this.#tell(false);
    });
    return this.#keep(client);
  }

  #tell(isConnected: boolean): void {
    if (this.#closed) return;
    const kind = !isConnected ? "lost" : this.#wasConnected ? "recovered" : "connected";
    this.#wasConnected = true;
    this.news.tell({ kind, at: Date.now() });
  }
}
