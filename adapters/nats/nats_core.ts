import type {
  ConnectionEvents,
  HealthReporter,
  Host,
  Lane,
  SendFailure,
  SendItem,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { checkTopic } from "@beat/beat/message";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { Connection } from "./connection.ts";
import { readRec, writeHeaders } from "./headers.ts";
import { safeName } from "./names.ts";
import { type CorePlan, type NatsCoreOptions, planCore } from "./options.ts";
import { checkSize } from "./size.ts";

/** Core NATS as a broker. */
export interface NatsCore extends Transport, HealthReporter, ConnectionEvents {}

/**
 * Core NATS as a transport: who is there gets what is published, who is not there never will. Groups are
 * queue groups. Nothing is stored, nothing is delivered twice.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Publish to who listens
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { publisher } from "@beat/beat/transport";
 * import { natsCore } from "@beat/nats";
 *
 * const nats = natsCore({ servers: "nats://127.0.0.1:4222" });
 * await publisher(nats).publish("temperatures", Message.json({ celsius: 21 }));
 * await nats.close();
 * ```
 */
export function natsCore(options: NatsCoreOptions): NatsCore {
  return new CoreTransport(planCore(options));
}

class CoreTransport implements NatsCore {
  readonly name = "nats-core";
  readonly traits: Traits = {
    settle: "none",
    requeue: "engine",
    lease: 0,
    counts: false,
    retained: false,
    groups: true,
    keyOrder: "member",
  };
  readonly #plan: CorePlan;
  readonly #connection: Connection;

  constructor(plan: CorePlan) {
    this.#plan = plan;
    this.#connection = new Connection(plan);
  }

  async source({ topic, group }: SourceSpec, host: Host): Promise<Source> {
    const action = `subscribe to '${topic}'`;
    checkTopic(action, topic);
    const { nc } = await this.#connection.open(action);
    const unlisten = this.#connection.listen((event) => host.event(event));
    const callback = this.#receive(topic, host);
    const queue = group === undefined ? {} : { queue: safeName(group) };
    const subscription = nc.subscribe(topic, { ...queue, callback });
    await this.#connection.untilLost(nc.flush());
    return {
      ack: async () => {},
      // deno-lint-ignore require-await
      async close() {
        unlisten();
        subscription.unsubscribe();
      },
    };
  }

  sink(): Sink {
    return new CoreSink(this.#connection);
  }

  health(options?: { signal?: AbortSignal }): ReturnType<HealthReporter["health"]> {
    return this.#connection.health(options);
  }

  onConnection(listener: Parameters<ConnectionEvents["onConnection"]>[0]): () => void {
    return this.#connection.listen(listener);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** The server cannot be asked to wait: what is too much is dropped, and told. */
  #receive(topic: string, host: Host): (error: Error | null, message: Msg) => void {
    const { pending, onDropped } = this.#plan;
    const lane: Lane = { name: "", fenced: false };
    let waiting = 0;
    let count = 0;
    return (cause, { headers, data }) => {
      if (cause !== null) return host.event({ kind: "failed", at: Date.now(), cause });
      count++;
      if (waiting >= pending) return onDropped({ topic });
      const origin = { id: `${topic}//${count}`, time: Date.now() };
      const rec = readRec(headers, data, origin);
      const admitted = host.admit({ rec, token: count, lane, count: 1 });
      if (admitted === undefined) return;
      waiting++;
      void admitted.then(() => waiting--);
    };
  }
}

/** Publishes to who is there; resolves when the server has got it. */
class CoreSink implements Sink {
  readonly limits = { batch: 1_024, bytes: 4_194_304, lanes: 1 };
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  lane(): string {
    return "";
  }

  async send(
    _lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    let nc: NatsConnection;
    try {
      ({ nc } = await this.#connection.open("publish"));
      this.#connection.checkConnected();
    } catch (cause) {
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    const refused = new Map<string, unknown>();
    const results = items.map(({ topic, rec }): undefined | SendFailure => {
      const { key } = rec;
      if (refused.has(key)) return { cause: refused.get(key), outcome: "not-attempted" };
      try {
        const headers = writeHeaders(rec);
        checkSize(nc.info, rec, headers);
        nc.publish(topic, rec.payload, { headers });
        return undefined;
      } catch (cause) {
        if (key !== "") refused.set(key, cause);
        return { cause, outcome: "rejected" };
      }
    });
    await this.#connection.untilLost(nc.flush());
    return results;
  }

  async close(): Promise<void> {}
}
