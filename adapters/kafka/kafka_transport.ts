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
import { Cluster } from "./cluster.ts";
import { Fetcher, type FetcherPlan } from "./fetcher.ts";
import { skipGap } from "./gap.ts";
import { GroupSource } from "./group_source.ts";
import { KafkaLane } from "./lane.ts";
import { beginningsOf, endsOf, startsOf } from "./offsets.ts";
import { type KafkaPlan, type KafkaTransportOptions, planTransport } from "./options.ts";
import { foundGroup } from "./positions.ts";
import { producerSink } from "./producer_sink.ts";
import { ReaderSource } from "./reader_source.ts";
import { kafkaAdmin } from "./topic_admin.ts";
import { openTopic } from "./topics.ts";
import { Turns } from "./turns.ts";

/** Kafka as a broker. */
export interface KafkaTransport extends Transport, HealthReporter, ConnectionEvents {
  /** Creates and changes topics. */
  readonly admin: TopicAdmin;
  /** The first records of a topic, without consuming them; none if it is not there. */
  peek(topic: string, limit: number): Promise<Rec[]>;
}

/**
 * Kafka as a transport: consumer groups whose members share the partitions of a topic, readers, and an
 * idempotent producer that waits for all in-sync replicas. A topic must be there before it is used.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example A topic with partitions
 * ```ts ignore
 * import { kafkaTransport } from "@beat/kafka";
 *
 * const kafka = kafkaTransport({ brokers: "127.0.0.1:9092" });
 * await kafka.admin.create("orders", { partitions: 12, replicas: 3 });
 * await kafka.close();
 * ```
 */
export function kafkaTransport(options: KafkaTransportOptions): KafkaTransport {
  return new KafkaBroker(planTransport(options));
}

class KafkaBroker implements KafkaTransport {
  readonly name = "kafka";
  readonly traits: Traits = {
    settle: "prefix",
    requeue: "engine",
    lease: 0,
    counts: false,
    retained: true,
    groups: true,
    keyOrder: "group",
  };
  readonly admin: TopicAdmin;
  readonly #plan: KafkaPlan;
  readonly #cluster: Cluster;
  readonly #turns = new Turns();
  /** Where readers go on, by partition. */
  readonly #positions = new WeakMap<SourceSpec, bigint[]>();

  constructor(plan: KafkaPlan) {
    this.#plan = plan;
    this.#cluster = new Cluster(plan);
    this.admin = kafkaAdmin(this.#cluster, plan.groupName);
  }

  source(spec: SourceSpec, host: Host): Promise<Source> {
    const { group, topic } = spec;
    return this.#fetching(
      `subscribe to '${topic}'`,
      topic,
      group,
      (fetching) =>
        group === undefined
          ? this.#reader(spec, fetching)
          : this.#member(spec, group, host, fetching),
    );
  }

  sink(): Sink {
    return producerSink(this.#cluster, this.#plan.maxPayload, this.#turns);
  }

  async peek(topic: string, limit: number): Promise<Rec[]> {
    checkPeek(topic, limit);
    if (await this.admin.describe(topic) === undefined) return [];
    return await this.#fetching(`peek into '${topic}'`, topic, undefined, async (fetching) => {
      const { consumer } = fetching;
      const beginnings = await beginningsOf(consumer, topic);
      const ends = await endsOf(consumer, topic);
      const lanes = beginnings.map((start, partition) => new KafkaLane(topic, partition, start));
      const fetcher = new Fetcher(fetching);
      fetcher.lanes = lanes;
      const recs: Rec[] = [];
      // What is published meanwhile is none of the first.
      const isThere = () =>
        lanes.some(({ isEmpty, next, partition }) => !isEmpty || next < ends[partition]!);
      while (recs.length < limit && isThere()) {
        const deliveries = await fetcher.fetchAll(limit - recs.length);
        recs.push(...deliveries.map(({ rec }) => rec));
      }
      await fetcher.close();
      return recs;
    });
  }

  health(options?: { signal?: AbortSignal }): Promise<Health> {
    return this.#cluster.health(options);
  }

  onConnection(listener: (event: ConnectionEvent) => void): () => void {
    return this.#cluster.news.onConnection(listener);
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** Makes a client that fetches from a topic; what `use` throws closes it. */
  async #fetching<T>(
    action: string,
    topic: string,
    group: string | undefined,
    use: (fetching: FetcherPlan) => Promise<T>,
  ): Promise<T> {
    const { maxBytes, onMissed } = this.#plan;
    // It never joins the group that it has to name. A failure is for the engine, which tries again.
    const consumer = this.#cluster.consumer(action, `beat-${newUuid()}`, { retries: 1 });
    consumer.topics.track(topic);
    try {
      return await use({
        consumer,
        topic: await openTopic(consumer, action, topic),
        maxBytes,
        skip: (lanes) =>
          skipGap(consumer, topic, lanes, ({ name: lane }, count, from) => {
            onMissed({ topic, group, lane, count, from: String(from) });
          }),
      });
    } catch (error) {
      await consumer.close();
      throw error;
    }
  }

  async #reader(spec: SourceSpec, fetching: FetcherPlan): Promise<Source> {
    const { consumer, topic } = fetching;
    const known = this.#positions.get(spec);
    const positions = known ?? [...await startsOf(consumer, topic.name, spec.from)];
    if (positions.length < topic.leaders.length) {
      const beginnings = await beginningsOf(consumer, topic.name);
      positions.push(...beginnings.slice(positions.length));
    }
    this.#positions.set(spec, positions);
    return new ReaderSource(fetching, positions);
  }

  async #member(
    { from, topic }: SourceSpec,
    group: string,
    host: Host,
    fetching: FetcherPlan,
  ): Promise<Source> {
    const { groupName, sessionTimeout, rebalanceTimeout, timeout } = this.#plan;
    const action = `subscribe to '${topic}'`;
    const holder = { ...fetching, group: groupName(group, topic), from };
    await foundGroup(this.#cluster.admin(action), holder);
    const source = new GroupSource({
      ...holder,
      host,
      timeout,
      within: Math.min(sessionTimeout, rebalanceTimeout) / 2,
      join: (release) =>
        this.#cluster.consumer(action, holder.group, {
          // The answer to a member that joins comes when all have.
          requestTimeout: rebalanceTimeout + timeout,
          protocolsMetadata: release,
        }),
    });
    try {
      await source.join();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }
}
