import { checkTopic } from "@beat/beat/message";
import type { Connection } from "./connection.ts";
import { keysOf, type TopicKeys } from "./keys.ts";
import { read, text } from "./layout.ts";
import { NOW } from "./scripts.ts";

/** How a topic was made. */
export interface Topic {
  readonly name: string;
  readonly keys: TopicKeys;
  readonly partitions: number;
  /** Entries that are kept, about; `undefined`: all. */
  readonly maxMessages: number | undefined;
  /** Milliseconds that entries are kept, about; `undefined`: for ever. */
  readonly retentionMs: number | undefined;
  /** Milliseconds since 1970 by the clock of the server, which entries are named by. */
  readonly now: () => number;
}

/** What the lane of a partition is called; where there is only one, nothing. */
export function laneNameOf({ partitions }: Topic, partition: number): string {
  return partitions === 1 ? "" : String(partition);
}

/** Milliseconds after which a topic is looked up again: somebody may have changed what is kept of it. */
const REFRESH = 10_000;

/** Makes a topic what it was made, once. KEYS config, stream. ARGV partitions, then fields of the config. */
const OPEN = `${NOW}
local config = redis.call('HGETALL', KEYS[1])
if #config > 0 then return { 0, config, now } end
if redis.call('EXISTS', KEYS[2]) == 1 then return { 0, { 'partitions', '1' }, now } end
if #ARGV > 2 or ARGV[2] ~= '1' then redis.call('HSET', KEYS[1], unpack(ARGV)) end
return { 1, ARGV, now }
`;

/** The topics that are used, looked up once however many ask for them at the same time. */
export class Topics {
  readonly #connection: Connection;
  readonly #prefix: string;
  /** Of topics that come into being by being used. */
  readonly #partitions: number;
  readonly #known = new Map<string, { at: number; topic: Promise<Topic> }>();

  constructor(connection: Connection, prefix: string, partitions: number) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#partitions = partitions;
  }

  /** A topic, which comes into being if there is none. */
  open(action: string, name: string): Promise<Topic> {
    const now = performance.now();
    const known = this.#known.get(name);
    if (known !== undefined && now - known.at < REFRESH) return known.topic;
    checkTopic(action, name);
    const topic = this.make(name, {}).then((made) => made.topic);
    this.#known.set(name, { at: now, topic });
    topic.catch(() => this.#known.delete(name));
    return topic;
  }

  /** Makes a topic unless there is one; tells whether it was made. */
  async make(
    name: string,
    config: { partitions?: number; maxMessages?: number; retentionMs?: number },
  ): Promise<{ topic: Topic; isNew: boolean }> {
    const { partitions = this.#partitions, ...rest } = config;
    const { config: key, streams } = keysOf(this.#prefix, name, 1);
    const fields = Object.entries({ partitions, ...rest }).flatMap(([field, value]) =>
      value === undefined ? [] : [field, value]
    );
    const reply = await this.#connection.run(OPEN, [key, streams[0]!], ...fields);
    const [isNew, stored, now] = reply as [number, Uint8Array[], number];
    return { topic: this.#topic(name, stored, now), isNew: isNew === 1 };
  }

  /** What is known of a topic is looked up again. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  #topic(name: string, stored: readonly Uint8Array[], now: number): Topic {
    const found = read(stored);
    const ahead = now - Math.floor(performance.now());
    const number = (field: string) => found[field] && Number(text(found[field]));
    const partitions = number("partitions") || 1;
    return {
      name,
      keys: keysOf(this.#prefix, name, partitions),
      partitions,
      maxMessages: number("maxMessages"),
      retentionMs: number("retentionMs"),
      now: () => ahead + Math.floor(performance.now()),
    };
  }
}
