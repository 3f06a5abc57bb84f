import { ClosedError, newUuid, type Rec } from "@beat/beat/message";
import type {
  ConnectionEvent,
  ConnectionEvents,
  Health,
  HealthReporter,
  Host,
  Sink,
  Source,
  SourceSpec,
  TopicAdmin,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { BlockingReader, entriesOf } from "./blocking_reader.ts";
import { Connection } from "./connection.ts";
import { GroupSource } from "./group_source.ts";
import { planTransport, type RedisPlan, type RedisTransportOptions } from "./options.ts";
import { Partitions } from "./partitions.ts";
import { joinGroup, startOf } from "./position.ts";
import { ReaderSource } from "./reader_source.ts";
import { StreamAdmin } from "./stream_admin.ts";
import { StreamLane } from "./stream_lane.ts";
import { streamOf, StreamSink } from "./stream_sink.ts";
import { type Topic, Topics } from "./topics.ts";

/** Redis Streams as a broker. */
export interface RedisTransport extends Transport, HealthReporter, ConnectionEvents {
  /** Creates and changes topics. */
  readonly admin: TopicAdmin;
}

/** What outlives the connection of a consumer. */
interface Memory {
  /** Its name in a group: a new one for each start. */
  readonly consumer: string;
  /** The last id that it has read, or settled if it is a reader, by lane. */
  readonly positions: Map<string, string>;
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
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #memories = new WeakMap<Host, Memory>();
  readonly #listeners = new Set<(event: ConnectionEvent) => void>();
  readonly #sources = new Set<Source>();
  #closed = false;

  constructor(plan: RedisPlan) {
    this.#plan = plan;
    const { client, timeout, prefix, partitions, lease } = plan;
    this.#connection = new Connection(client, timeout, (event) => {
      for (const listener of this.#listeners) listener(event);
    });
    this.#topics = new Topics(this.#connection, prefix, partitions);
    this.admin = new StreamAdmin(this.#connection, this.#topics, prefix);
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
    if (this.#closed) throw new ClosedError(action, "transport");
    const topic = await this.#topics.open(action, spec.topic);
    if (spec.ordered && topic.partitions === 1 && spec.group !== undefined) {
      throw new RangeError(
        `Cannot ${action} as the order of a key among the members of a group needs a topic with partitions: it has 1; 'scope: "member"' can be kept`,
      );
    }
    const reading = new Connection(this.#plan.client, this.#plan.timeout);
    const reader = new BlockingReader(reading, this.#connection);
    try {
      await reader.open();
      const { group } = spec;
      const source = group === undefined
        ? await this.#reader(spec, host, topic, reader)
        : await this.#member({ ...spec, group }, host, topic, reader);
      return source;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  sink(): Sink {
    const { layout, maxPayload } = this.#plan;
    return new StreamSink(this.#connection, this.#topics, layout, maxPayload);
  }

  async peek(topic: string, limit: number): Promise<Rec[]> {
    const { keys } = await this.#topics.open(`peek into '${topic}'`, topic);
    const recs: Rec[] = [];
    for (const [partition, stream] of keys.streams.entries()) {
      const left = limit - recs.length;
      if (left <= 0) break;
      const reply = await this.#connection.call("XRANGE", stream, "-", "+", "COUNT", left);
      for (const { id, fields } of entriesOf(reply)) {
        const name = keys.streams.length === 1 ? "" : String(partition);
        const entry = { id: `${topic}/${name}/${id}`, time: parseInt(id) };
        recs.push(this.#plan.layout.read(fields ?? [], entry));
      }
    }
    return recs;
  }

  async health({ signal }: { signal?: AbortSignal } = {}): Promise<Health> {
    const began = performance.now();
    const latencyMs = () => performance.now() - began;
    try {
      signal?.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal!.reason);
      signal?.addEventListener("abort", abort);
      try {
        await Promise.race([this.#connection.call("PING"), aborted.promise]);
      } finally {
        signal?.removeEventListener("abort", abort);
      }
      return { ok: true, latencyMs: latencyMs() };
    } catch (cause) {
      return { ok: false, latencyMs: latencyMs(), cause };
    }
  }

  onConnection(listener: (event: ConnectionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection.close();
  }

  async #reader(
    { from }: SourceSpec,
    host: Host,
    topic: Topic,
    reader: BlockingReader,
  ): Promise<Source> {
    const { positions } = this.#memoryOf(host);
    for (const [partition, stream] of topic.keys.streams.entries()) {
      const lane = topic.partitions === 1 ? "" : String(partition);
      if (!positions.has(lane)) positions.set(lane, await startOf(this.#connection, stream, from));
    }
    const { layout, timeout } = this.#plan;
    return new ReaderSource({
      topic,
      layout,
      reader,
      positions,
      block: Math.min(BLOCK, timeout / 2),
    });
  }

  async #member(
    { group, from }: SourceSpec & { group: string },
    host: Host,
    topic: Topic,
    reader: BlockingReader,
  ): Promise<Source> {
    const { lease, layout, trimAcked, onMissed } = this.#plan;
    const connection = this.#connection;
    const { consumer, positions } = this.#memoryOf(host);
    for (const [partition, stream] of topic.keys.streams.entries()) {
      const lane = topic.partitions === 1 ? "" : String(partition);
      const start = positions.get(lane) ?? await startOf(connection, stream, from);
      positions.set(lane, await joinGroup(connection, stream, group, start));
    }
    const single = () => {
      const [stream] = topic.keys.streams;
      return new Map([[0, new StreamLane("", 0, stream!, topic.keys.delayed(group, 0), false)]]);
    };
    const partitions = topic.partitions === 1
      ? undefined
      : new Partitions({ connection, topic, group, consumer, lease, host });
    const source = new GroupSource({
      ...{ topic, group, consumer, lease, layout, trimAcked, connection, reader, host },
      lanes: partitions?.lanes ?? single(),
      partitions,
      positions,
      streamOf: async (name, rec) => streamOf(await this.#topics.open("publish", name), rec),
      missed: ({ name }, count, after) =>
        onMissed({ topic: topic.name, group, lane: name, count, after }),
    });
    await source.abandon();
    await partitions?.share();
    return source;
  }

  #memoryOf(host: Host): Memory {
    let memory = this.#memories.get(host);
    if (memory === undefined) {
      memory = { consumer: `${this.#plan.consumer}-${newUuid()}`, positions: new Map() };
      this.#memories.set(host, memory);
    }
    return memory;
  }
}
