import type {
  ConnectionEvents,
  HealthReporter,
  Host,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { Connection } from "./connection.ts";
import { coreSink } from "./core_sink.ts";
import { openCoreSource } from "./core_source.ts";
import { type CorePlan, type NatsCoreOptions, planCore } from "./options.ts";

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

  source(spec: SourceSpec, host: Host): Promise<Source> {
    return openCoreSource(this.#connection, this.#plan, spec, host);
  }

  sink(): Sink {
    return coreSink(this.#connection);
  }

  health(options?: { signal?: AbortSignal }): ReturnType<HealthReporter["health"]> {
    return this.#connection.health(options);
  }

  onConnection(listener: Parameters<ConnectionEvents["onConnection"]>[0]): () => void {
    return this.#connection.news.onConnection(listener);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
