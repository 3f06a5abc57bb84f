import { ClosedError } from "@beat/beat/message";
import { type ConnectionEvent, type Health, measureHealth } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import type {
  KafkaAdmin,
  KafkaClient,
  KafkaClientOptions,
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
  readonly #plan: KafkaPlan;
  readonly #options: KafkaClientOptions;
  readonly #clients = new Set<KafkaClient>();
  readonly #listeners = new Set<(event: ConnectionEvent) => void>();
  #admin: KafkaAdmin | undefined;
  #producer: KafkaProducer | undefined;
  /** Connections that are open of the clients that administer and produce. */
  #connections = 0;
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

  /** Adds a listener; what it returns takes it away. */
  onConnection(listener: (event: ConnectionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
    client.on("client:broker:connect", () => ++this.#connections === 1 && this.#tell(true));
    client.on("client:broker:disconnect", () => --this.#connections === 0 && this.#tell(false));
    return this.#keep(client);
  }

  #tell(isConnected: boolean): void {
    if (this.#closed) return;
    const kind = !isConnected ? "lost" : this.#wasConnected ? "recovered" : "connected";
    this.#wasConnected = true;
    for (const listener of this.#listeners) listener({ kind, at: Date.now() });
  }
}
