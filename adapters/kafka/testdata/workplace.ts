import { Message, newUuid } from "@beat/beat/message";
import { publisher, type Source, type SourceSpec } from "@beat/beat/transport";
import { Admin } from "@platformatic/kafka";
import { type KafkaTransport, kafkaTransport, type KafkaTransportOptions } from "../mod.ts";
import { TestHost } from "../../../tests/_services/test_host.ts";

/** Short, so that what waits for its end does not take long. */
const SESSION = 1_500;

/** What one test opens, and closes at its end. */
export class Workplace {
  /** A client as everybody has it. */
  readonly kafka: Admin;
  readonly topic = `test-${newUuid()}`;
  readonly #brokers: string;
  readonly #opened: (() => unknown)[] = [];

  constructor(brokers: string) {
    this.#brokers = brokers;
    this.kafka = new Admin({ clientId: "test", bootstrapBrokers: [brokers] });
    this.#opened.push(() => this.kafka.close());
  }

  /** A connection of its own. */
  transport(options: KafkaTransportOptions = {}): KafkaTransport {
    const where = options.clients === undefined ? { brokers: this.#brokers } : {};
    const transport = kafkaTransport({ sessionTimeout: SESSION, ...where, ...options });
    this.#opened.push(() => transport.close());
    return transport;
  }

  /** A connection of its own; the topic is there with so many partitions. */
  async withTopic(partitions = 1, options: KafkaTransportOptions = {}): Promise<KafkaTransport> {
    const transport = this.transport(options);
    await transport.admin.create(this.topic, { partitions });
    return transport;
  }

  /** What a member of the group `all` is made for. */
  spec(changes: Partial<SourceSpec> = {}): SourceSpec {
    const { topic } = this;
    return { topic, group: "all", from: "earliest", prefetch: 16, ordered: false, ...changes };
  }

  /** A member without an engine. */
  async source(
    transport: KafkaTransport,
    spec: SourceSpec = this.spec(),
    host: TestHost = new TestHost(),
  ): Promise<Source> {
    const source = await transport.source(spec, host);
    this.#opened.push(() => source.close());
    return source;
  }

  /** Publishes texts, and resolves when they are stored. */
  async publish(transport: KafkaTransport, texts: readonly string[], key = ""): Promise<void> {
    const out = publisher(transport);
    await out.publish(this.topic, texts.map((text) => new Message(text, { key })));
    await out.close();
  }

  /** The positions of the group `all`, by partition. */
  async positions(): Promise<bigint[]> {
    const groups = [`all.${this.topic}`];
    const [found] = await this.kafka.listConsumerGroupOffsets({ groups });
    const committed = found?.topics.flatMap(({ partitions }) => partitions) ?? [];
    return committed.sort((one, other) => one.partitionIndex - other.partitionIndex)
      .map(({ committedOffset }) => committedOffset);
  }

  /** Notes what is to be closed at the end. */
  opened(close: () => unknown): void {
    this.#opened.push(close);
  }

  /** Closes everything, the last first. */
  async close(): Promise<void> {
    for (const close of this.#opened.splice(0).reverse()) await close();
  }
}

/** Runs a test in a workplace of its own. */
export function workplace(
  brokers: string,
  run: (place: Workplace) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const place = new Workplace(brokers);
    try {
      await run(place);
    } finally {
      await place.close();
    }
  };
}
