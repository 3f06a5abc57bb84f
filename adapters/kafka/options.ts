import { checkOptions, FUNCTION, integer, type Rule, type Rules } from "@beat/beat/transport";
import type { KafkaClients } from "./client.ts";
import { clientsOf } from "./clients.ts";
import { checkedGroupName, defaultGroupName } from "./group_name.ts";

/** Records that retention has removed before they were read. */
export interface MissedRecords {
  /** The topic. */
  readonly topic: string;
  /** The group; `undefined`: a reader without group. */
  readonly group: string | undefined;
  /** The partition. */
  readonly lane: string;
  /** How many. */
  readonly count: number;
  /** The offset of the first of them. */
  readonly from: string;
}

/** How Kafka is reached and used: one of `brokers` and `clients` is needed. */
export interface KafkaTransportOptions {
  /** For example `127.0.0.1:9092`, or several of a cluster. */
  brokers?: string | readonly string[];
  /** Makes clients of `@platformatic/kafka` with TLS, SASL and whatever else they need. */
  clients?: KafkaClients;
  /** The Kafka group of a group on a topic. @default {`<group>.<topic>`, dots and spaces of the group escaped} */
  groupName?: (group: string, topic: string) => string;
  /** Milliseconds without an answer after which a connection is given up, 1 000 at least. @default {10_000} */
  timeout?: number;
  /** Milliseconds without a sign of life after which what a member had comes to another. @default {45_000} */
  sessionTimeout?: number;
  /**
   * Milliseconds that members have when partitions are shared out anew; of the shorter one of this and
   * `sessionTimeout` half is for handlers. @default {60_000, or `sessionTimeout` if that is more}
   */
  rebalanceTimeout?: number;
  /** Bytes that are fetched at once; a larger record comes alone. @default {1_048_576} */
  maxBytes?: number;
  /**
   * Bytes of a payload at most; what is larger is refused before it is sent. The `max.message.bytes` of a
   * topic must have room for its key and headers, too. @default {1_044_480}
   */
  maxPayload?: number;
  /** Hears of records that retention has removed before they were read. */
  onMissed?: (missed: MissedRecords) => void;
}

/** Options that were checked, with their defaults. */
export type KafkaPlan = Required<Omit<KafkaTransportOptions, "brokers">>;

const ACTION = "create a transport for Kafka";

const BROKERS: Rule = [
  "a broker as host:port, or several",
  "any",
  (value: unknown) => {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.every((one) => typeof one === "string" && /^.+:\d+$/.test(one));
  },
];
const CLIENTS: Rule = [
  "an object with the functions 'admin', 'consumer' and 'producer'",
  "object",
  (value: KafkaClients) =>
    [value?.admin, value?.consumer, value?.producer].every((one) => typeof one === "function"),
];

const RULES: Rules = {
  brokers: BROKERS,
  clients: CLIENTS,
  groupName: FUNCTION,
  timeout: integer(1_000),
  sessionTimeout: integer(100),
  rebalanceTimeout: integer(100),
  maxBytes: integer(1),
  maxPayload: integer(1),
  onMissed: FUNCTION,
};

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planTransport(options: KafkaTransportOptions): KafkaPlan {
  checkOptions(ACTION, options, RULES);
  const { brokers, clients, ...rest } = options;
  if ((brokers === undefined) === (clients === undefined)) {
    throw new TypeError(`Cannot ${ACTION} as one of 'brokers' and 'clients' must be given`);
  }
  const { sessionTimeout = 45_000 } = rest;
  const { rebalanceTimeout = Math.max(60_000, sessionTimeout) } = rest;
  if (rebalanceTimeout < sessionTimeout) {
    throw new RangeError(
      `Cannot ${ACTION} as 'rebalanceTimeout' must be at least 'sessionTimeout', ${sessionTimeout} ms: current value is ${rebalanceTimeout}`,
    );
  }
  return {
    clients: clients ?? clientsOf(typeof brokers === "string" ? [brokers] : [...brokers!]),
    groupName: checkedGroupName(rest.groupName ?? defaultGroupName),
    timeout: rest.timeout ?? 10_000,
    sessionTimeout,
    rebalanceTimeout,
    maxBytes: rest.maxBytes ?? 1_048_576,
    maxPayload: rest.maxPayload ?? 1_044_480,
    onMissed: rest.onMissed ?? (() => {}),
  };
}
