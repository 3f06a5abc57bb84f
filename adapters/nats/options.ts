import { checkOptions, FUNCTION, integer, type Rule, type Rules } from "@beat/beat/transport";
import type { NatsClient } from "./client.ts";
import { isServer, readServers, type ServerOptions } from "./servers.ts";

/** Where NATS is: one of `servers` and `connection` is needed. */
export interface NatsServerOptions {
  /** For example `nats://127.0.0.1:4222` or `tls://user:password@host`, or several of a cluster. */
  servers?: string | readonly string[];
  /** A connection of nats.js, which stays open: for certificates, keys, and all else that it can. */
  connection?: NatsClient;
  /**
   * Milliseconds that an answer of the server may take, after which a connection made here is given up.
   * @default {5_000}
   */
  timeout?: number;
}

/** How streams are written and read. */
export interface NatsTransportOptions extends NatsServerOptions {
  /**
   * Subjects that `admin.create` splits a topic into by key, unless it is told: with more than one, the
   * order of a key holds among all members of a group. @default {1}
   */
  partitions?: number;
  /**
   * Milliseconds after which what a member had that is gone comes to another; a consumer that is there
   * already keeps its own. @default {30_000}
   */
  lease?: number;
  /** Milliseconds within which a stream drops what is published twice. @default {120_000} */
  duplicateWindow?: number;
}

/** What core NATS has no use for is not in it. */
export interface NatsCoreOptions extends NatsServerOptions {
  /** Messages that wait for a handler at most; what comes then is dropped. @default {65_536} */
  pending?: number;
  /** Hears of each message that was dropped as too many waited. */
  onDropped?: (dropped: { readonly topic: string }) => void;
}

/** Where to connect, checked. */
export interface ServerPlan {
  readonly servers: ServerOptions;
  readonly connection: NatsClient | undefined;
  readonly timeout: number;
}

/** Options that were checked, with their defaults. */
export interface NatsPlan extends ServerPlan {
  readonly partitions: number;
  readonly lease: number;
  readonly duplicateWindow: number;
}

/** Options that were checked, with their defaults. */
export interface CorePlan extends ServerPlan {
  readonly pending: number;
  readonly onDropped: (dropped: { readonly topic: string }) => void;
}

const SERVERS: Rule = [
  "a URL, or several",
  "any",
  (value: unknown) => {
    const list = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.every(isServer);
  },
];
const CONNECTION: Rule = [
  "a connection of nats.js",
  "object",
  (value: NatsClient) => typeof value?.isClosed === "function",
];

const SERVER_RULES: Rules = { servers: SERVERS, connection: CONNECTION, timeout: integer(1) };
const TRANSPORT_RULES: Rules = {
  ...SERVER_RULES,
  partitions: integer(1),
  lease: integer(100),
  duplicateWindow: integer(100),
};
const CORE_RULES: Rules = { ...SERVER_RULES, pending: integer(1), onDropped: FUNCTION };

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planTransport(options: NatsTransportOptions): NatsPlan {
  const action = "create a transport for NATS";
  checkOptions(action, options, TRANSPORT_RULES);
  return {
    ...planServer(action, options),
    partitions: options.partitions ?? 1,
    lease: options.lease ?? 30_000,
    duplicateWindow: options.duplicateWindow ?? 120_000,
  };
}

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function planCore(options: NatsCoreOptions): CorePlan {
  const action = "create a transport for core NATS";
  checkOptions(action, options, CORE_RULES);
  return {
    ...planServer(action, options),
    pending: options.pending ?? 65_536,
    onDropped: options.onDropped ?? (() => {}),
  };
}

function planServer(
  action: string,
  { servers, connection, timeout = 5_000 }: NatsServerOptions,
): ServerPlan {
  if ((servers === undefined) === (connection === undefined)) {
    throw new TypeError(`Cannot ${action} as one of 'servers' and 'connection' must be given`);
  }
  return { servers: readServers([servers ?? []].flat()), connection, timeout };
}
