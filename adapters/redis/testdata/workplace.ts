import { Message, newUuid } from "@beat/beat/message";
import { publisher, type Source, type SourceSpec } from "@beat/beat/transport";
import { Redis } from "ioredis";
import { type RedisTransport, redisTransport, type RedisTransportOptions } from "../mod.ts";
import { TestHost } from "../../../tests/_services/test_host.ts";

/** Short, so that what waits for its end does not take long. */
const LEASE = 400;

/** What one test opens, and closes at its end. */
export class Workplace {
  /** A client as everybody has it. */
  readonly redis: Redis;
  readonly topic = `test-${newUuid()}`;
  readonly #url: string;
  readonly #opened: (() => unknown)[] = [];

  constructor(url: string) {
    this.#url = url;
    this.redis = new Redis(url);
    this.#opened.push(() => this.redis.quit());
  }

  /** A connection of its own. */
  transport(options: Omit<RedisTransportOptions, "url"> = {}): RedisTransport {
    const where = options.client === undefined ? { url: this.#url } : {};
    const transport = redisTransport({ lease: LEASE, ...where, ...options });
    this.#opened.push(() => transport.close());
    return transport;
  }

  /** What a member of the group `all` is made for. */
  spec(changes: Partial<SourceSpec> = {}): SourceSpec {
    const { topic } = this;
    return { topic, group: "all", from: "earliest", prefetch: 16, ordered: false, ...changes };
  }

  /** A member without an engine. */
  async source(
    transport: RedisTransport,
    spec: SourceSpec = this.spec(),
    host: TestHost = new TestHost(),
  ): Promise<Source> {
    const source = await transport.source(spec, host);
    let isOpen = true;
    const close = async () => {
      if (isOpen) await source.close();
      isOpen = false;
    };
    this.#opened.push(close);
    return override(source, { close });
  }

  /** Publishes texts, and resolves when they are stored. */
  async publish(transport: RedisTransport, texts: readonly string[], key = ""): Promise<void> {
    const out = publisher(transport);
    await out.publish(this.topic, texts.map((text) => new Message(text, { key })));
    await out.close();
  }

  /** Resolves when the clock of the server is a millisecond further at least: entries are named by it. */
  async untilLater(): Promise<void> {
    const now = async () => {
      const [seconds, microseconds] = await this.redis.time();
      return Number(seconds) * 1e6 + Number(microseconds);
    };
    const since = await now();
    while (await now() < since + 1_000);
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

/** An object with some methods of its own, and those of another. */
function override<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get(_target, name) {
      const value = Reflect.get(name in own ? own : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Runs a test in a workplace of its own. */
export function workplace(
  url: string,
  run: (place: Workplace) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const place = new Workplace(url);
    try {
      await run(place);
    } finally {
      await place.close();
    }
  };
}
