import { Message, newUuid } from "@beat/beat/message";
import {
  consume,
  type ConsumeOptions,
  type Consumer,
  type Consumption,
  publisher,
  type Source,
  type SourceSpec,
} from "@beat/beat/transport";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type NatsTransport, natsTransport, type NatsTransportOptions } from "../mod.ts";
import { TestHost } from "../../../tests/_services/test_host.ts";
import { safeName } from "../names.ts";

/** Longer than a busy machine may stop; what waits for its end has one of its own. */
const LEASE = 30_000;

/** What one test opens, and closes at its end. */
export class Workplace {
  readonly url: string;
  readonly topic = `test.${newUuid()}`;
  /** A connection and a manager as everybody has them. */
  readonly client: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly #opened: (() => unknown)[] = [];

  private constructor(url: string, client: NatsConnection, jsm: JetStreamManager) {
    this.url = url;
    this.client = client;
    this.jsm = jsm;
  }

  static async open(url: string): Promise<Workplace> {
    const client = await connect({ servers: url });
    const place = new Workplace(url, client, await jetstreamManager(client));
    place.opened(() => client.close());
    return place;
  }

  /** The stream of the topic. */
  get stream(): string {
    return safeName(this.topic);
  }

  /** A connection of its own. */
  transport(options: Partial<NatsTransportOptions> = {}): NatsTransport {
    const where = options.connection === undefined ? { servers: this.url } : {};
    const transport = natsTransport({ lease: LEASE, ...where, ...options });
    this.opened(() => transport.close());
    return transport;
  }

  /** The topic, made, and a connection to it. */
  async open(options: Partial<NatsTransportOptions> = {}): Promise<NatsTransport> {
    const transport = this.transport(options);
    await transport.admin.create(this.topic);
    this.opened(() => this.jsm.streams.delete(this.stream).catch(() => {}));
    return transport;
  }

  /** Publishes texts, and resolves when they are stored. */
  async publish(transport: NatsTransport, texts: readonly string[], key = ""): Promise<void> {
    const out = publisher(transport);
    await out.publish(this.topic, texts.map((text) => new Message(text, { key })));
    await out.close();
  }

  /** A member of the group `all`, from the beginning on. */
  async consume(
    transport: NatsTransport,
    consumer: Consumer,
    options: Partial<ConsumeOptions> = {},
  ): Promise<Consumption> {
    const { topic } = this;
    const all = { topic, group: "all", from: "earliest", ...options } as const;
    const consumption = await consume(transport, consumer, all);
    this.opened(() => consumption.close());
    return consumption;
  }

  /** A member of the group `all` without an engine. */
  async source(
    transport: NatsTransport,
    changes: Partial<SourceSpec> = {},
    host: TestHost = new TestHost(),
  ): Promise<Source> {
    const { topic } = this;
    const all = { topic, group: "all", from: "earliest", prefetch: 16, ordered: false } as const;
    const source = await transport.source({ ...all, ...changes }, host);
    this.opened(() => source.close());
    return source;
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
  url: string,
  run: (place: Workplace) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const place = await Workplace.open(url);
    try {
      await run(place);
    } finally {
      await place.close();
    }
  };
}
