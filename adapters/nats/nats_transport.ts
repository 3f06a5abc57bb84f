import type { Rec } from "@beat/beat/message";
import type {
  ConnectionEvents,
  HealthReporter,
  Host,
  Sink,
  Source,
  SourceSpec,
  TopicAdmin,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { Connection } from "./connection.ts";
import { GivenBack } from "./given_back.ts";
import { GroupSource } from "./group_source.ts";
import { joinGroup } from "./groups.ts";
import { JetStreamSink } from "./jetstream_sink.ts";
import { type NatsPlan, type NatsTransportOptions, planTransport } from "./options.ts";
import { openReader, type Position, positionOf, ReaderSource } from "./reader_source.ts";
import { readRec } from "./headers.ts";
import { StreamAdmin } from "./stream_admin.ts";
import { type Topic, Topics } from "./topics.ts";

/** JetStream as a broker. */
export interface NatsTransport extends Transport, HealthReporter, ConnectionEvents {
  /** Creates and changes topics. */
  readonly admin: TopicAdmin;
  /** The first records of a topic, without consuming them. */
  peek(topic: string, limit: number): Promise<Rec[]>;
}

/**
 * NATS JetStream as a transport: a topic is a stream, a group is a durable consumer, a delay waits at the
 * server. A topic must have a stream before it is used: nothing is sent that nobody would store.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example A topic with partitions
 * ```ts ignore
 * import { natsTransport } from "@beat/nats";
 *
 * const nats = natsTransport({ servers: "nats://127.0.0.1:4222" });
 * await nats.admin.create("orders", { partitions: 16 });
 * await nats.close();
 * ```
 */
export function natsTransport(options: NatsTransportOptions): NatsTransport {
  return new JetStreamTransport(planTransport(options));
}

class JetStreamTransport implements NatsTransport {
  readonly name = "nats";
  readonly traits: Traits;
  readonly admin: TopicAdmin;
  readonly #plan: NatsPlan;
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #givenBack: GivenBack;
  readonly #positions = new WeakMap<Host, Position>();

  constructor(plan: NatsPlan) {
    this.#plan = plan;
    this.#connection = new Connection(plan);
    this.#topics = new Topics(this.#connection);
    this.#givenBack = new GivenBack(this.#connection);
    this.admin = new StreamAdmin(this.#connection, this.#topics, plan);
    this.traits = {
      settle: "each",
      requeue: "broker",
      lease: plan.lease,
      counts: true,
      retained: true,
      groups: true,
      keyOrder: plan.partitions === 1 ? "member" : "group",
    };
  }

  async source(spec: SourceSpec, host: Host): Promise<Source> {
    return await this.#connection.untilLost(this.#source(spec, host));
  }

  sink(): Sink {
    return new JetStreamSink(this.#connection, this.#topics);
  }

  async peek(topic: string, limit: number): Promise<Rec[]> {
    const action = `peek into '${topic}'`;
    const { stream, subjects } = await this.#topics.open(action, topic);
    const { jsm } = await this.#connection.open(action);
    const { first_seq, last_seq } = (await jsm.streams.info(stream)).state;
    const recs: Rec[] = [];
    for (let seq = first_seq; seq <= last_seq && recs.length < limit; seq++) {
      const stored = await jsm.streams.getMessage(stream, { seq });
      if (stored === null || !subjects.includes(stored.subject)) continue;
      const partition = subjects.length === 1 ? "" : subjects.indexOf(stored.subject);
      const origin = { id: `${topic}/${partition}/${seq}`, time: stored.time.getTime() };
      recs.push(readRec(stored.header, stored.data, origin));
    }
    return recs;
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

  async #source(spec: SourceSpec, host: Host): Promise<Source> {
    const action = `subscribe to '${spec.topic}'`;
    // Whoever subscribes anew may do so as the stream was made anew.
    this.#topics.forget(spec.topic);
    const topic = await this.#topics.open(action, spec.topic);
    const { group } = spec;
    if (group === undefined) return await this.#reader(action, topic, spec, host);
    if (spec.ordered && topic.subjects.length === 1) {
      throw new RangeError(
        `Cannot ${action} as the order of a key among the members of a group needs a topic with partitions: it has 1; 'scope: "member"' can be kept`,
      );
    }
    const opened = await this.#connection.open(action);
    const joined = await joinGroup(opened, topic, { ...spec, group }, this.#plan.lease);
    const { nc } = opened;
    const connection = this.#connection;
    const givenBack = this.#givenBack;
    return new GroupSource({
      ...joined,
      connection,
      givenBack,
      nc,
      topic: topic.name,
      host,
    });
  }

  async #reader(
    action: string,
    topic: Topic,
    { from, prefetch }: SourceSpec,
    host: Host,
  ): Promise<Source> {
    const opened = await this.#connection.open(action);
    const position = this.#positions.get(host) ?? await positionOf(opened, topic, from);
    this.#positions.set(host, position);
    const consumer = await openReader(opened, topic, position);
    const connection = this.#connection;
    const source = new ReaderSource({ topic: topic.name, consumer, position, host, connection });
    void source.follow(prefetch);
    return source;
  }
}
