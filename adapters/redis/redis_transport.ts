import { newUuid, type Rec } from "@beat/beat/message";
import {
  checkPeek,
  type ConnectionEvent,
  type ConnectionEvents,
  type Health,
  type HealthReporter,
  type Host,
  type Sink,
  type Source,
  type SourceSpec,
  type TopicAdmin,
  type Traits,
  type Transport,
} from "@beat/beat/transport";
import { type BlockingReader, entriesOf } from "./blocking_reader.ts";
import { appender, streamOf } from "./append.ts";
import { groupSource } from "./group_source.ts";
import { planTransport, type RedisPlan, type RedisTransportOptions } from "./options.ts";
import { pipelineSink } from "./pipeline_sink.ts";
import { Server } from "./server.ts";
import { Lookout } from "./lookout.ts";
import { join } from "./member.ts";
import { Partitions } from "./partitions.ts";
import { setOut } from "./position.ts";
import { openReader } from "./reader_source.ts";
import { streamAdmin } from "./stream_admin.ts";
import { StreamLane } from "./stream_lane.ts";
import { laneNameOf, type Topic, Topics } from "./topics.ts";
import type { Trail } from "./trail.ts";

/** Redis Streams as a broker. */
export interface RedisTransport extends Transport, HealthReporter, ConnectionEvents {
  /** Creates and changes topics. */
  readonly admin: TopicAdmin;
}

/** What outlives the connection of a consumer. */
interface Memory {
  /** Its name in a group: a new one for each start. */
  readonly consumer: string;
  /** What it has read, or settled if it is a reader, by lane. */
  readonly trails: Map<string, Trail>;
}

/** Milliseconds that a reader waits for entries in one read. */
const BLOCK = 2_000;

/**
 * Redis Streams as a transport: consumer groups with leases, readers, delays that survive a crash, and
 * partitions that keep the order of keys among the members of a group. Needs Redis 7.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example A topic with partitions
 * ```ts ignore
 * import { redisTransport } from "@beat/redis";
 *
 * const redis = redisTransport({ url: "redis://127.0.0.1:6379" });
 * await redis.admin.create("orders", { partitions: 16 });
 * await redis.close();
 * ```
 */
export function redisTransport(options: RedisTransportOptions): RedisTransport {
  return new StreamsTransport(planTransport(options));
}

class StreamsTransport implements RedisTransport {
  readonly name = "redis";
  readonly traits: Traits;
  readonly admin: TopicAdmin;
  readonly #plan: RedisPlan;
  readonly #server: Server;
  readonly #topics: Topics;
  readonly #memories = new WeakMap<SourceSpec, Memory>();

  constructor(plan: RedisPlan) {
    this.#plan = plan;
    const { client, timeout, prefix, partitions, lease } = plan;
    this.#server = new Server(client, timeout);
    const { connection } = this.#server;
    this.#topics = new Topics(connection, prefix, partitions);
    this.admin = streamAdmin(connection, this.#topics, prefix);
    this.traits = {
      settle: "each",
      requeue: "broker",
      lease,
      counts: true,
      retained: true,
      groups: true,
      keyOrder: partitions === 1 ? "member" : "group",
    };
  }

  async source(spec: SourceSpec, host: Host): Promise<Source> {
    const action = `subscribe to '${spec.topic}'`;
    // Whoever subscribes anew may do so as the topic was made anew.
    this.#topics.forget(spec.topic);
    const topic = await this.#topics.open(action, spec.topic);
    if (spec.ordered && topic.partitions === 1 && spec.group !== undefined) {
      throw new RangeError(
        `Cannot ${action} as the order of a key among the members of a group needs a topic with partitions: it has 1; 'scope: "member"' can be kept`,
      );
    }
    const { group } = spec;
    return await this.#server.connect(
      action,
      (reader) =>
        group === undefined
          ? this.#reader(spec, topic, reader)
          : this.#member(spec, group, host, topic, reader),
    );
  }

  sink(): Sink {
    const { layout, maxPayload } = this.#plan;
    return pipelineSink({
      connection: this.#server.connection,
      maxPayload,
      writerOf: async (name) => appender(await this.#topics.open("publish", name), layout),
    });
  }

  async peek(topic: string, limit: number): Promise<Rec[]> {
    checkPeek(topic, limit);
    // Who opens a topic makes it.
    if (await this.admin.describe(topic) === undefined) return [];
    const known = await this.#topics.open(`peek into '${topic}'`, topic);
    const recs: Rec[] = [];
    for (const [partition, stream] of known.keys.streams.entries()) {
      const left = Math.min(limit, Number.MAX_SAFE_INTEGER) - recs.length;
      if (left <= 0) break;
      const reply = await this.#server.connection.call("XRANGE", stream, "-", "+", "COUNT", left);
      for (const { id, fields } of entriesOf(reply)) {
        const entry = { id: `${topic}/${laneNameOf(known, partition)}/${id}`, time: parseInt(id) };
        recs.push(this.#plan.layout.read(fields ?? [], entry));
      }
    }
    return recs;
  }

  health(options?: { signal?: AbortSignal }): Promise<Health> {
    return this.#server.health(options);
  }

  onConnection(listener: (event: ConnectionEvent) => void): () => void {
    return this.#server.news.onConnection(listener);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #reader(spec: SourceSpec, topic: Topic, reader: BlockingReader): Promise<Source> {
    const { connection } = this.#server;
    const { trails } = this.#memoryOf(spec);
    const { from } = spec;
    for (const [partition, stream] of topic.keys.streams.entries()) {
      await setOut(trails, laneNameOf(topic, partition), { connection, stream, from });
    }
    const { layout, timeout } = this.#plan;
    const wait = Math.min(BLOCK, timeout / 2);
    return await openReader({ connection, topic, layout, reader, trails, wait });
  }

  async #member(
    spec: SourceSpec,
    group: string,
    host: Host,
    topic: Topic,
    reader: BlockingReader,
  ): Promise<Source> {
    const { lease, layout, trimAcked, onMissed } = this.#plan;
    const { consumer, trails } = this.#memoryOf(spec);
    const member = { connection: this.#server.connection, topic, group, consumer, lease };
    await join(member, spec.from, trails);
    const partitions = topic.partitions === 1 ? undefined : new Partitions(member, host);
    await partitions?.share();
    const lookout = new Lookout(member, {
      trims: trimAcked,
      missed({ name: lane }, count, after) {
        onMissed({ topic: topic.name, group, lane, count, after });
      },
    });
    return groupSource({
      ...{ member, layout, reader, lookout, partitions, trails },
      lanes: partitions?.lanes ?? new Map([[0, new StreamLane("", 0, topic.keys.streams[0]!)]]),
      streamOf: async (name, rec) => streamOf(await this.#topics.open("publish", name), rec),
    });
  }

  #memoryOf(spec: SourceSpec): Memory {
    let memory = this.#memories.get(spec);
    if (memory === undefined) {
      memory = { consumer: `${this.#plan.consumer}-${newUuid()}`, trails: new Map() };
      this.#memories.set(spec, memory);
    }
    return memory;
  }
}
