import type { Rec, StartPosition } from "@beat/beat/message";
import {
  checkPeek,
  type ConnectionEvents,
  type HealthReporter,
  type Host,
  type Sink,
  type Source,
  type SourceSpec,
  type TopicAdmin,
  type Traits,
  type Transport,
} from "@beat/beat/transport";
import type { StreamInfo } from "@nats-io/jetstream";
import { Connection } from "./connection.ts";
import { GivenBack } from "./given_back.ts";
import { groupSource } from "./group_source.ts";
import { joinGroup } from "./groups.ts";
import { readRec } from "./headers.ts";
import { jetStreamSink } from "./jetstream_sink.ts";
import { checkGroup } from "./names.ts";
import { type NatsPlan, type NatsTransportOptions, planTransport } from "./options.ts";
import { openReader, type Position, positionOf } from "./position.ts";
import { readerSource } from "./reader_source.ts";
import { streamAdmin } from "./stream_admin.ts";
import { partitionNameOf, Topics } from "./topics.ts";

/** What outlives the source of a consumption. */
interface Memory {
  /** When the stream was made that it consumes: one that was made anew begins again. */
  readonly created: string;
  /** Where a group begins that it has no position of. */
  readonly from: StartPosition;
  /** Where it is, if it is a reader. */
  readonly position: Position;
}

/** JetStream as a broker. */
export interface NatsTransport extends Transport, HealthReporter, ConnectionEvents {
  /** Creates and changes topics. */
  readonly admin: TopicAdmin;
  /** The first records of a topic, without consuming them; none if no stream takes it. */
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
 * const nats = natsTransport({ servers: "nats://127.0.0.1:4222", partitions: 16 });
 * await nats.admin.create("orders");
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
  readonly #memories = new WeakMap<SourceSpec, Memory>();

  constructor(plan: NatsPlan) {
    this.#plan = plan;
    this.#connection = new Connection(plan);
    this.#topics = new Topics(this.#connection);
    this.#givenBack = new GivenBack(this.#connection);
    this.admin = streamAdmin(this.#connection, this.#topics, this.#givenBack, plan);
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
    const opening = this.#source(spec, host);
    try {
      return await this.#connection.untilLost(opening);
    } catch (error) {
      // It may come all the same, when nobody waits for it any more.
      opening.then((source) => source.close()).catch(() => {});
      throw error;
    }
  }

  sink(): Sink {
    return jetStreamSink(this.#connection, this.#topics);
  }

  async peek(topic: string, limit: number): Promise<Rec[]> {
    checkPeek(topic, limit);
    const action = `peek into '${topic}'`;
    const known = await this.#topics.find(action, topic);
    if (known === undefined) return [];
    const { jsm } = await this.#connection.open(action);
    // A stream of somebody else may hold much more than the topic.
    const next_by_subj = known.subjects.length === 1 ? known.subjects[0]! : ">";
    const recs: Rec[] = [];
    for (let seq = 1; recs.length < limit;) {
      const query = { seq, next_by_subj };
      const stored = await jsm.streams.getMessage(known.stream, query);
      if (stored === null) break;
      const partition = partitionNameOf(known, stored.subject);
      const origin = { id: `${topic}/${partition}/${stored.seq}`, time: stored.time.getTime() };
      recs.push(readRec(stored.header, stored.data, origin));
      seq = stored.seq + 1;
    }
    return recs;
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

  async #source(spec: SourceSpec, host: Host): Promise<Source> {
    const action = `subscribe to '${spec.topic}'`;
    const { group, prefetch } = spec;
    if (group !== undefined) checkGroup(action, group);
    // Whoever subscribes anew may do so as the stream was made anew.
    this.#topics.forget(spec.topic);
    const topic = await this.#topics.open(action, spec.topic);
    if (group !== undefined && spec.ordered && topic.subjects.length === 1) {
      throw new RangeError(
        `Cannot ${action} as the order of a key among the members of a group needs a topic with partitions: it has 1; 'scope: "member"' can be kept`,
      );
    }
    const connection = this.#connection;
    const opened = await connection.open(action);
    const stream = await opened.jsm.streams.info(topic.stream);
    const memory = this.#recall(spec, stream);
    const plan = { connection, opened, host };
    let source: Source;
    if (group === undefined) {
      const consumer = await openReader(opened, topic, memory.position);
      source = readerSource({ ...plan, topic, consumer, position: memory.position, prefetch });
    } else {
      const { lease, timeout } = this.#plan;
      const joined = await joinGroup(opened, topic, { ...spec, group, from: memory.from }, lease);
      source = groupSource({
        ...plan,
        ...joined,
        topic: topic.name,
        timeout,
        givenBack: this.#givenBack,
      });
    }
    this.#memories.set(spec, memory);
    return source;
  }

  /** What is known from before; of a stream that was made anew all is newer than the subscription. */
  #recall(spec: SourceSpec, stream: StreamInfo): Memory {
    const { created } = stream;
    const known = this.#memories.get(spec);
    if (known?.created === created) return known;
    const from = known === undefined ? spec.from : "earliest";
    return { created, from, position: positionOf(stream, from) };
  }
}
