import {
  BOOLEAN,
  checkOptions,
  choice,
  FUNCTION,
  integer,
  type Rule,
  type Rules,
} from "@beat/beat/transport";
import { Redis } from "ioredis";
import type { RedisClient } from "./client.ts";
import { DIRECT_FIELDS, type Layout, RECORD } from "./layout.ts";
import { WATERMILL } from "./watermill_layout.ts";

/** Where Redis is: one of `url` and `client` is needed. */
export interface RedisServerOptions {
  /** For example `redis://127.0.0.1:6379` or `rediss://user:password@host:6380/1`. */
  url?: string;
  /** A client of ioredis for the server: it is only asked for connections like its own. */
  client?: RedisClient;
  /** What all keys and channels begin with; a `keyPrefix` of the client is not used. @default {""} */
  prefix?: string;
  /** Milliseconds without an answer after which a connection is given up. @default {10_000} */
  timeout?: number;
  /** Bytes of a payload at most; the server's own limit closes the connection. @default {536_870_912} */
  maxPayload?: number;
}

/** Where a store is: one of `url` and `client` is needed. */
export type RedisStoreOptions = Omit<RedisServerOptions, "maxPayload">;

/** Entries that were trimmed before a group had read them. */
export interface MissedEntries {
  /** The topic. */
  readonly topic: string;
  /** The group. */
  readonly group: string;
  /** The partition. */
  readonly lane: string;
  /** How many. */
  readonly count: number;
  /** The last id that the group had read. */
  readonly after: string;
}

/** How streams are written and read. */
export interface RedisTransportOptions extends RedisServerOptions {
  /**
   * How a record stands in the fields of an entry: `"record"` has one field for all headers, `"direct"` a
   * field for each, as `redis-cli` and others write them, `"watermill"` is that of services in Go on
   * watermill-redisstream. @default {"record"}
   */
  layout?: "record" | "direct" | "watermill";
  /**
   * Streams that a topic is split into by key when it comes into being by being used: with more than one,
   * the order of a key holds among all members of a group. @default {1}
   */
  partitions?: number;
  /** Milliseconds after which what a member had that is gone comes to another. @default {30_000} */
  lease?: number;
  /** What the name of a consumer begins with; the rest is random. @default {"beat"} */
  consumer?: string;
  /** Whether members remove what all groups of the topic have settled. @default {false} */
  trimAcked?: boolean;
  /** Hears of entries that a limit of the topic has removed before they were read. */
  onMissed?: (missed: MissedEntries) => void;
}

/** A server, with the defaults of what was left out. */
export type ServerPlan = Required<Omit<RedisServerOptions, "url">>;

/** Options that were checked, with their defaults. */
export interface RedisPlan extends ServerPlan {
  readonly layout: Layout;
  readonly partitions: number;
  readonly lease: number;
  readonly consumer: string;
  readonly trimAcked: boolean;
  readonly onMissed: (missed: MissedEntries) => void;
}

const TEXT: Rule = ["a string", "string"];
const CLIENT: Rule = [
  "a client of ioredis for one server, and no cluster",
  "object",
  (value: RedisClient) => typeof value?.duplicate === "function" && value.isCluster !== true,
];

const STORE_RULES: Rules = {
  url: TEXT,
  client: CLIENT,
  prefix: TEXT,
  timeout: integer(1),
};

const SERVER_RULES: Rules = { ...STORE_RULES, maxPayload: integer(1) };

const TRANSPORT_RULES: Rules = {
  ...SERVER_RULES,
  layout: choice("record", "direct", "watermill"),
  partitions: integer(1),
  lease: integer(100),
  consumer: TEXT,
  trimAcked: BOOLEAN,
  onMissed: FUNCTION,
};

const LAYOUTS = { record: RECORD, direct: DIRECT_FIELDS, watermill: WATERMILL };

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planTransport(options: RedisTransportOptions): RedisPlan {
  const action = "create a transport for Redis Streams";
  checkOptions(action, options, TRANSPORT_RULES);
  return {
    ...planServer(action, options),
    layout: LAYOUTS[options.layout ?? "record"],
    partitions: options.partitions ?? 1,
    lease: options.lease ?? 30_000,
    consumer: options.consumer ?? "beat",
    trimAcked: options.trimAcked ?? false,
    onMissed: options.onMissed ?? (() => {}),
  };
}

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planPubSub(options: RedisServerOptions): ServerPlan {
  const action = "create a transport for Redis Pub/Sub";
  checkOptions(action, options, SERVER_RULES);
  return planServer(action, options);
}

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planStore(options: RedisStoreOptions): ServerPlan {
  const action = "create a store in Redis";
  checkOptions(action, options, STORE_RULES);
  return planServer(action, options);
}

function planServer(action: string, options: RedisServerOptions): ServerPlan {
  const { url, client, prefix = "", timeout = 10_000, maxPayload = 536_870_912 } = options;
  if ((url === undefined) === (client === undefined)) {
    throw new TypeError(`Cannot ${action} as one of 'url' and 'client' must be given`);
  }
  if (url !== undefined && !(/^rediss?:\/\//.test(url) && URL.canParse(url))) {
    // It may hold a password, so it is not shown.
    throw new RangeError(
      `Cannot ${action} as 'url' must be a URL that begins with redis:// or rediss://`,
    );
  }
  return {
    client: client ?? new Redis(url!, { lazyConnect: true }),
    prefix,
    timeout,
    maxPayload,
  };
}
