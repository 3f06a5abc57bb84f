import type { SqlDialect } from "./contracts.ts";
import { fields, type Message, type Publisher, PublishError } from "@beat/beat/message";
import {
  Bell,
  BOOLEAN,
  check,
  checkOptions,
  consume,
  type Consumption,
  FUNCTION,
  GROUP,
  integer,
  type Lane,
  OBJECT,
  type Rules,
  type Transport,
} from "@beat/beat/transport";
import { openGroup } from "./group_source.ts";
import { resolveOptions, type SqlTransportOptions, TRANSPORT_RULES } from "./options.ts";
import { RELAY_GROUP, relayQueue } from "./relay_queue.ts";
import { sqlTransport } from "./sql_transport.ts";
import { EVERY_TOPIC, tablesOf } from "./tables.ts";

/** A publishing that failed, and what becomes of the message. */
export interface RelayFailure {
  /** The message. */
  readonly message: Message;
  /** Where it was to be published. */
  readonly topic: string;
  /** What the publisher said. */
  readonly error: unknown;
  /** Number of the attempt, 1 first. */
  readonly attempt: number;
  /** Whether it was put aside: see `deadRows`. */
  readonly isDead: boolean;
}

/** What {@linkcode relay} takes. */
export interface RelayOptions extends SqlTransportOptions {
  /** Where messages go: to the topic that they were published to. It stays open. */
  publisher: Publisher;
  /** What is relayed. @default {all topics of these tables} */
  topics?: readonly string[];
  /** Relays of the same name share the work. @default {"relay"} */
  group?: string;
  /** Messages on their way to the broker at once. @default {64} */
  workers?: number;
  /** Whether messages with the same key go one after the other, whoever relays them. @default {true} */
  ordered?: boolean;
  /**
   * Attempts after which a message that the broker **refuses** is put aside. One that could not be
   * brought there is tried without end. @default {10}
   */
  attempts?: number;
  /** Hears of each failure. What it throws is printed. */
  onFailure?: (failure: RelayFailure) => void;
  /** Ends it. @default {none} */
  signal?: AbortSignal;
}

const ACTION = "relay";

const RULES: Rules = {
  ...TRANSPORT_RULES,
  publisher: ["a publisher", "object", (value: Publisher) => typeof value?.publish === "function"],
  topics: ["an array of topics", "object", (value: unknown) => Array.isArray(value)],
  group: GROUP,
  workers: integer(1),
  ordered: BOOLEAN,
  attempts: integer(1),
  onFailure: FUNCTION,
  signal: OBJECT,
};

const BACK_OFF = { initialDelay: 100, maxDelay: 30_000, maxRetries: Number.MAX_SAFE_INTEGER };

/**
 * Brings what was published into a database to another broker: the outbox. It is a subscription whose
 * handler publishes; what it has published and could not ack before it was killed is published again,
 * under the same id. Any number of relays may run.
 *
 * Resolves when it runs. What it resolves with ends it, and tells how far it is.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example From a transaction to a broker
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { publisher, subscriber } from "@beat/beat/transport";
 * import { fromSqlite, migrate, publishInTx, relay } from "@beat/sql";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const broker = new MemoryBroker();
 * const orders = await subscriber(broker).subscribe("orders");
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * publishInTx(connection, "orders", new Message("paid", { key: "order-7" }));
 *
 * const running = await relay({ connection, publisher: publisher(broker) });
 * for await (const message of orders) {
 *   assertEquals(message.key, "order-7");
 *   message.ack();
 *   break;
 * }
 * await running.close();
 * ```
 */
export async function relay(options: RelayOptions): Promise<Consumption> {
  checkOptions(ACTION, options, RULES);
  check(ACTION, "publisher", options.publisher, RULES.publisher!);
  const { publisher, group = RELAY_GROUP, workers = 64, ordered = true, signal } = options;
  const { attempts = 10, onFailure } = options;
  /** What will not be published, however often it is tried. */
  const final = new WeakSet<Error>();

  const publish = async ([message]: readonly Message[]): Promise<void> => {
    const topic = message!.origin!.partition;
    try {
      await publisher.publish(topic, message!, { signal: message!.signal });
    } catch (cause) {
      const { error, isRefused } = judge(cause);
      const { attempt } = message!;
      const isDead = isRefused && attempt >= attempts;
      if (isDead) final.add(error);
      onFailure?.({ message: message!, topic, error, attempt, isDead });
      throw error;
    }
  };
  return await consume(relayTransport(options, group), publish, {
    topic: "outbox",
    group,
    from: "earliest",
    workers,
    prefetch: 2 * workers,
    ...(ordered ? { ordered: "key" } : {}),
    ...(signal === undefined ? {} : { signal }),
    retry: { ...BACK_OFF, shouldRetry: (error) => !final.has(error as Error) },
    deadLetter: {
      topic: "dead",
      handler: group,
      publish: () => Promise.reject(new Error("The database cannot be reached")),
      encode: (letter) => fields.encode(letter, { topic: "dead" }),
    },
  });
}

/** A transport that has one group: of all topics, each of which is a lane. */
function relayTransport(options: RelayOptions, group: string): Transport {
  const { topics = [EVERY_TOPIC] } = options;
  const names = Object.keys(TRANSPORT_RULES) as (keyof SqlTransportOptions)[];
  const given = Object.fromEntries(names.map((name) => [name, options[name]]));
  const own = resolveOptions(ACTION, given as unknown as SqlTransportOptions);
  return {
    ...sqlTransport(own),
    source({ from, ordered }) {
      const lanes = new Map<string, Lane>();
      const laneOf = (name: string) => {
        let lane = lanes.get(name);
        if (lane === undefined) lanes.set(name, lane = { name, fenced: false });
        return lane;
      };
      const { dialect } = own.connection;
      const name = relayQueue(group);
      const queue = { dialect, tables: tablesOf(own.prefix), name, lease: own.lease, ordered };
      const transfer: SqlDialect["transfer"] = (queue, ticket, _topic, { headers }) =>
        dialect.bury(queue, ticket, new Map(headers).get("dlq_reason") ?? "");
      // It polls: who publishes into the outbox is another process, mostly.
      const polling = { ...own, bell: new Bell(), close: () => Promise.resolve() };
      return openGroup({ ...polling, queue, topics, from, laneOf, transfer });
    },
  };
}

/** What failed, and whether the broker said no: else it may say yes to the same later. */
function judge(cause: unknown): { error: Error; isRefused: boolean } {
  const failure = cause instanceof PublishError ? cause.failed[0] : undefined;
  const reason = failure === undefined ? cause : failure.cause;
  return {
    error: reason instanceof Error ? reason : new Error(String(reason)),
    isRefused: failure === undefined
      ? cause instanceof TypeError || cause instanceof RangeError
      : failure.outcome === "rejected",
  };
}
