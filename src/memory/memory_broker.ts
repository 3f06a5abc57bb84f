import { ClosedError } from "../message/errors.ts";
import { checkTopic } from "../message/names.ts";
import type { Rec } from "../message/rec.ts";
import { checkOptions, type Rule, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import type { Health, HealthReporter } from "../transport/capabilities.ts";
import { guard } from "../transport/guard.ts";
import type { Host, Sink, Source, SourceSpec, Traits, Transport } from "../transport/port.ts";
import { MemoryAdmin, type MemoryTopicAdmin } from "./admin.ts";
import {
  checkBrokerOptions,
  type MemoryBrokerOptions,
  type MemoryDrop,
  type MemoryTopicConfig,
  resolveConfig,
} from "./options.ts";
import { Simulation } from "./simulation.ts";
import { MemorySink } from "./sink.ts";
import { MemorySource } from "./source.ts";
import { statsOf, type TopicStats } from "./stats.ts";
import { Topic } from "./topic.ts";

/** What {@linkcode MemoryBroker.history} takes. */
export interface HistoryOptions {
  /** Since when. @default {"earliest"} */
  from?: "earliest" | Date;
  /** Records at most, the oldest first. @default {Infinity} */
  limit?: number;
}

const TRAITS: Traits = {
  settle: "prefix",
  requeue: "engine",
  lease: 0,
  counts: false,
  retained: true,
  groups: true,
  keyOrder: "group",
};

const LIMIT: Rule = [
  "an integer of at least 0, or Infinity",
  "number",
  (value: number) => value === Infinity || (Number.isSafeInteger(value) && value >= 0),
];

const HISTORY_RULES: Rules = { limit: LIMIT };

/**
 * A broker inside this process: bounded logs in partitions, consumer groups that share them, readers,
 * history. Everything ends with the process, and nothing needs a server. Topics come into being when
 * somebody publishes or subscribes to them.
 *
 * With `simulate` it has a bad day that a seed decides: see {@linkcode SimulationOptions}.
 *
 * @example Publish and read
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { publisher } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new MemoryBroker();
 * const orders = publisher(broker);
 * await orders.publish("orders", new Message("paid", { key: "order-7" }));
 * assertEquals(broker.history("orders").map(({ key }) => key), ["order-7"]);
 * await orders.close();
 * await broker.close();
 * ```
 */
export class MemoryBroker implements Transport, HealthReporter, AsyncDisposable {
  /** The kind of broker. */
  readonly name = "memory";
  /** What it can do. */
  readonly traits: Traits = TRAITS;
  /** Creates and changes topics. A topic or a group is not removed while it is in use. */
  readonly admin: MemoryTopicAdmin;
  readonly #options: MemoryBrokerOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #sources = new Set<MemorySource>();
  readonly #simulation: Simulation | undefined;
  readonly #report: (drop: MemoryDrop) => void;
  #closed = false;

  /**
   * Creates a broker without topics.
   *
   * @throws {TypeError | RangeError} If an option is unknown, of a wrong type or out of its range.
   */
  constructor(options: MemoryBrokerOptions = {}) {
    const action = "create a memory broker";
    checkBrokerOptions(action, options);
    this.#options = options;
    const { simulate, onDrop } = options;
    this.#report = guard(onDrop);
    this.#simulation = simulate && new Simulation(action, simulate);
    this.admin = new MemoryAdmin({
      topics: this.#topics,
      create: (name, config) => this.#create(name, config),
      remove: (topic) => this.#remove(topic, new ClosedError("publish", `topic '${topic.name}'`)),
    });
  }

  /** What decides the faults of a simulation; there is none without one. */
  get seed(): number | undefined {
    return this.#simulation?.seed;
  }

  /**
   * Subscribes to a topic; a {@linkcode Router} and a subscriber do it for you.
   *
   * @throws {TypeError | RangeError} If the topic is malformed.
   * @throws {ClosedError} If the broker is closed.
   */
  // deno-lint-ignore require-await
  async source(spec: SourceSpec, host: Host): Promise<Source> {
    const topic = this.#open(`subscribe to '${spec.topic}'`, spec.topic);
    topic.expire();
    const { group: name, from } = spec;
    const group = name === undefined ? topic.reader(spec) : topic.group(name, from);
    const source = new MemorySource(topic, group, host, () => {
      this.#sources.delete(source);
      if (name === undefined) topic.forget(group);
    }, this.#simulation);
    this.#sources.add(source);
    return source;
  }

  /** Opens the way in; a publisher does it for you. */
  sink(): Sink {
    return new MemorySink(
      (topic) => this.#open(`publish to '${topic}'`, topic),
      this.#simulation,
    );
  }

  /**
   * What a topic holds, in the order in which it was published, consumed or not.
   *
   * @throws {TypeError | RangeError} If an option is malformed.
   */
  history(topic: string, options: HistoryOptions = {}): Rec[] {
    const action = `read the history of '${topic}'`;
    const { from = "earliest", ...rest } = options;
    if (from !== "earliest" && !isValidDate(from)) {
      refuse(action, "from", '"earliest" or a valid Date', from);
    }
    checkOptions(action, rest, HISTORY_RULES);
    const found = this.#topics.get(topic);
    found?.expire();
    const since = from === "earliest" ? -Infinity : from.getTime();
    return found?.records(since, rest.limit ?? Infinity) ?? [];
  }

  /** The first records of a topic, without consuming them. */
  // deno-lint-ignore require-await
  async peek(topic: string, limit: number): Promise<Rec[]> {
    return this.history(topic, { limit });
  }

  /** Counts of a topic; `undefined` if there is none. */
  stats(topic: string): TopicStats | undefined {
    const found = this.#topics.get(topic);
    found?.expire();
    return found && statsOf(found);
  }

  /** It is there unless it is closed. */
  // deno-lint-ignore require-await
  async health(): Promise<Health> {
    return this.#closed
      ? { ok: false, latencyMs: 0, cause: new ClosedError("answer", "memory broker") }
      : { ok: true, latencyMs: 0 };
  }

  /**
   * Refuses what comes, fails publishes that wait, and forgets all topics. Subscriptions get nothing
   * more, and end when what they have is settled.
   */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed = true;
    for (const source of [...this.#sources]) source.end();
    for (const topic of this.#topics.values()) {
      this.#remove(topic, new ClosedError("publish", "memory broker"));
    }
  }

  /** Same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(action: string, name: string): Topic {
    checkTopic(action, name);
    if (this.#closed) throw new ClosedError(action, "memory broker");
    return this.#topics.get(name) ?? this.#create(name);
  }

  #create(name: string, config: MemoryTopicConfig = {}): Topic {
    const { defaults = {}, topics = {}, revokeTimeout = 30_000 } = this.#options;
    const own = Object.hasOwn(topics, name) ? topics[name]! : {};
    const resolved = resolveConfig(defaults, own, config);
    const topic = new Topic(name, resolved, { report: this.#report, revokeTimeout });
    this.#topics.set(name, topic);
    return topic;
  }

  #remove(topic: Topic, cause: unknown): void {
    this.#topics.delete(topic.name);
    topic.line.fail(cause);
  }
}

function isValidDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}
