import { ClosedError } from "@beat/beat/message";
import {
  type ConnectionEvent,
  ConnectionNews,
  type Health,
  measureHealth,
} from "@beat/beat/transport";
import { jetstream, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection, Status } from "@nats-io/transport-node";
import type { ServerPlan } from "./options.ts";
import { connectQuietly } from "./quiet_connect.ts";

/** A connection, and what is done by it. */
export interface Opened {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** What subjects begin with that answers come by; `undefined` is the default of the client. */
  readonly inboxPrefix: string | undefined;
}

/** Milliseconds between two attempts of the client. */
const RECONNECT_WAIT = 100;

const LOST = "The connection to NATS was lost";

const KINDS: Record<string, ConnectionEvent["kind"]> = {
  disconnect: "lost",
  reconnect: "recovered",
  close: "failed",
};

/** The connection of a transport, made when it is first used; the client makes it anew by itself. */
export class Connection {
  /** What becomes of it. */
  readonly news: ConnectionNews = new ConnectionNews();
  readonly #plan: ServerPlan;
  readonly #waiting = new Set<(cause: unknown) => void>();
  #opening: Promise<Opened> | undefined;
  #stopWatching = () => {};
  #isLost = false;
  #closed = false;

  constructor(plan: ServerPlan) {
    this.#plan = plan;
  }

  /** The connection; rejects where there is no server, and connects again when it is asked again. */
  open(action: string): Promise<Opened> {
    if (this.#closed) return Promise.reject(new ClosedError(action, "transport"));
    if (this.#opening === undefined) {
      const opening = this.#open();
      this.#opening = opening;
      opening.catch(() => this.#forget(opening));
    }
    return this.#opening;
  }

  /** Whether something that is sent now would not only be lost. */
  get isConnected(): boolean {
    return !this.#isLost;
  }

  /** @throws {Error} If the connection is lost for now: what is sent would only be lost with it. */
  checkConnected(): void {
    if (this.#isLost) throw new Error(LOST);
  }

  /** Settles as a promise does, or rejects as soon as the connection is lost: no answer comes then. */
  async untilLost<T>(answer: Promise<T>): Promise<T> {
    const lost = Promise.withResolvers<never>();
    if (this.#isLost) lost.reject(new Error(LOST));
    this.#waiting.add(lost.reject);
    try {
      return await Promise.race([answer, lost.promise]);
    } finally {
      this.#waiting.delete(lost.reject);
    }
  }

  /** Asks the server whether it is there. */
  health(options?: { signal?: AbortSignal }): Promise<Health> {
    return measureHealth(async () => {
      const { nc } = await this.open("ask for the health");
      await this.untilLost(nc.rtt());
    }, options);
  }

  /** Ends what was opened here: never a connection that was handed in. */
  async close(): Promise<void> {
    this.#closed = true;
    // Whoever asks from now on hears that it is closed, and not that it will come back.
    this.#isLost = false;
    const opened = await this.#opening?.catch(() => undefined);
    this.#stopWatching();
    if (this.#plan.connection === undefined) await opened?.nc.close();
  }

  async #open(): Promise<Opened> {
    const { connection, servers, timeout } = this.#plan;
    const nc = connection as NatsConnection | undefined ?? await connectQuietly({
      ...servers,
      timeout,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT,
      // One ping that is not answered before the next is due ends a connection that is open by half.
      pingInterval: timeout / 2,
      maxPingOut: 1,
      // A stack that is kept for each publishing would be a fifth of its costs.
      noAsyncTraces: true,
    });
    if (nc.isClosed()) throw new Error("The connection to NATS was closed");
    const js = jetstream(nc, { timeout });
    const { options } = nc as NatsConnection & { options?: { inboxPrefix?: string } };
    const inboxPrefix = options?.inboxPrefix;
    const opened = { nc, js, jsm: await js.jetstreamManager(false), inboxPrefix };
    this.#tell({ kind: "connected", at: Date.now() });
    void this.#watch(nc);
    return opened;
  }

  async #watch(nc: NatsConnection): Promise<void> {
    const opening = this.#opening;
    // Not in the type; without it a connection that was handed in would keep this one in memory.
    const statuses: AsyncIterable<Status> & { stop?: () => void } = nc.status();
    this.#stopWatching = () => statuses.stop?.();
    let cause: unknown;
    for await (const status of statuses) {
      if (status.type === "error") cause = status.error;
      const kind = KINDS[status.type];
      if (kind === undefined || this.#closed) continue;
      // The client has given it up: whoever asks again gets another one.
      if (kind === "failed") this.#forget(opening);
      this.#tell({ kind, at: Date.now(), ...(cause === undefined ? {} : { cause }) });
    }
    this.#forget(opening);
  }

  #forget(opening: Promise<Opened> | undefined): void {
    if (this.#opening === opening) this.#opening = undefined;
  }

  #tell(event: ConnectionEvent): void {
    const { kind, cause } = event;
    this.#isLost = kind === "lost";
    if (kind === "lost" || kind === "failed") {
      for (const lose of this.#waiting) lose(new Error(LOST, { cause }));
    }
    this.news.tell(event);
  }
}
