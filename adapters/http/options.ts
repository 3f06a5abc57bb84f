import type { Logger, Message, Store } from "@beat/beat/message";
import type { CircuitChange } from "@beat/beat/middleware";
import {
  BOOLEAN,
  choice,
  FUNCTION,
  integer,
  OBJECT,
  type Rule,
  type Rules,
} from "@beat/beat/transport";
import type { WebhookMode } from "./content.ts";

/** Who signs and who verifies. */
export interface SigningOptions {
  /**
   * Secrets of Standard Webhooks: `whsec_…`, or `whsk_…` to sign and `whpk_…` to verify. Each of them
   * signs, any of them verifies. Needed, unless `unsigned` is `true`. @default {none}
   */
  secrets?: string | readonly string[];
  /** Whether to do without signatures: anybody may then send. @default {false} */
  unsigned?: boolean;
}

/** When an endpoint is spared that fails too often. */
export interface EndpointBreakerOptions {
  /** Milliseconds back that requests are counted. @default {60_000} */
  window?: number;
  /** The share of requests that fail, from above 0 to 1, that makes it be spared. @default {0.5} */
  failureRate?: number;
  /** Requests within the window without which nothing is judged. @default {20} */
  minimum?: number;
  /**
   * Milliseconds that it is sent nothing before requests try whether it works again, and after which
   * one that tries and has no answer makes room for another. @default {30_000}
   */
  cooldown?: number;
  /** How many requests may try at a time; as many successes end it, one failure begins it anew. @default {1} */
  halfOpen?: number;
  /** Hears of each change of the state. @default {nobody} */
  onStateChange?: (change: CircuitChange) => void;
}

/** How webhooks are sent. */
export interface WebhookPublisherOptions extends SigningOptions {
  /** Where to: messages go to `{url}/{topic}`. A query is kept. */
  url: string;
  /** How a message stands in a request. @default {"plain"} */
  mode?: WebhookMode;
  /** Where events happen, a URI reference such as `"/shop"`; needed for CloudEvents, refused elsewhere. */
  source?: string;
  /** What to do with metadata that cannot be part of a CloudEvent; refused elsewhere. @default {"error"} */
  onUnmappable?: "error" | "drop";
  /** The path below `url`, which may have a query; `""` is `url` itself. @default {the topic} */
  path?: (message: Message, topic: string) => string;
  /** Milliseconds for a request with its quick repeats, three attempts in all. @default {15_000} */
  timeout?: number;
  /** Requests that are on their way at the same time. @default {16} */
  concurrency?: number;
  /** When the endpoint is spared; `false` is never. @default {after half of at least 20 requests within a minute have failed, for 30 s} */
  circuitBreaker?: EndpointBreakerOptions | false;
  /** Whether `http:` will do. @default {false} */
  insecureHttp?: boolean;
  /** Blocks of addresses to open although they are reserved: `["127.0.0.1/32", "10.0.0.0/8"]`. @default {none} */
  allow?: readonly string[];
  /** Certificates in PEM that are trusted instead of the platform's; refused in workerd. @default {the platform's} */
  ca?: string;
}

/** How webhooks are received. */
export interface WebhookSubscriberOptions extends SigningOptions {
  /** Milliseconds that the clocks of sender and receiver may differ. @default {300_000} */
  tolerance?: number;
  /** The topic of a webhook. @default {the last segment of the path} */
  topicOf?: (message: Message, headers: Headers) => string;
  /** Headers of requests that are no CloudEvents which become metadata, by their lower-case names. @default {none} */
  headers?: readonly string[];
  /** Content types that are let in beside CloudEvents in JSON. @default {JSON, text/plain, application/octet-stream} */
  contentTypes?: readonly string[];
  /** Whether CloudEvents may come in batches, of 100 at most. @default {false} */
  batch?: boolean;
  /** Bytes of a body at most. @default {2_097_152} */
  maxBody?: number;
  /** How deep arrays and objects may stand in each other in JSON that is read. @default {128} */
  maxDepth?: number;
  /** Milliseconds until the end of a body. @default {10_000} */
  readTimeout?: number;
  /** `"acked"`: the sender gets its answer when the message is settled. `"accepted"`: as soon as a handler has room. @default {"acked"} */
  respond?: "acked" | "accepted";
  /** Milliseconds until a message must be settled; the store has as long for an answer. @default {10_000} */
  ackTimeout?: number;
  /** Requests that are read or handled at the same time. @default {256} */
  maxRequests?: number;
  /** Remembers what was handled, for twice the tolerance. @default {`memoryStore()`} */
  store?: Store;
  /** Names this receiver in a store that others use too. @default {"webhook"} */
  endpoint?: string;
  /** DNS names that the handshake of CloudEvents lets send, or `"*"`. @default {none: there is no handshake} */
  origins?: readonly string[];
  /** Where to write what was refused and why; never a secret or a payload. @default {nowhere} */
  logger?: Logger;
}

/** How webhooks are sent and received. */
export interface WebhookTransportOptions
  extends Omit<WebhookPublisherOptions, "url">, WebhookSubscriberOptions {
  /** Where to send to; without it nothing can be published. @default {none} */
  url?: string;
}

/** Timers take no more. */
const LONGEST = 2_147_483_647;

const TIME: Rule = [
  `from 1 to ${LONGEST} ms`,
  "number",
  (value: number) => value >= 1 && value <= LONGEST,
];
const TEXT: Rule = ["a text that is not empty", "string", (value: string) => value !== ""];
const TEXTS: Rule = [
  "an array of strings",
  "object",
  (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === "string"),
];

/** What is said about secrets is said where they are read: it must not show them. */
export const SIGNING_RULES: Rules = { secrets: ["secrets", "any"], unsigned: BOOLEAN };

/** The rules of {@linkcode WebhookPublisherOptions}; the URL has a reader of its own, which says more. */
export const PUBLISHER_RULES: Rules = {
  url: ["a URL", "any"],
  mode: choice(
    "plain",
    "headers",
    "cloudevents-binary",
    "cloudevents-structured",
    "cloudevents-batch",
  ),
  source: TEXT,
  onUnmappable: choice("error", "drop"),
  path: FUNCTION,
  timeout: TIME,
  concurrency: integer(1),
  // What is in it is looked at where it is read.
  circuitBreaker: ["false or an object", "any"],
  insecureHttp: BOOLEAN,
  allow: TEXTS,
  ca: TEXT,
};

/** The rules of {@linkcode WebhookSubscriberOptions}. */
export const SUBSCRIBER_RULES: Rules = {
  tolerance: TIME,
  topicOf: FUNCTION,
  headers: TEXTS,
  contentTypes: TEXTS,
  batch: BOOLEAN,
  maxBody: integer(0),
  maxDepth: integer(1),
  readTimeout: TIME,
  respond: choice("acked", "accepted"),
  ackTimeout: TIME,
  maxRequests: integer(1),
  store: OBJECT,
  endpoint: TEXT,
  origins: TEXTS,
  logger: OBJECT,
};
