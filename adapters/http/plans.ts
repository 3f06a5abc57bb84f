import { guardLogger, type Logger, silent, type Store } from "@beat/beat/message";
import { BREAKER_RULES, memoryStore } from "@beat/beat/middleware";
import { check, checkOptions, OBJECT } from "@beat/beat/transport";
import { parseEndpoint } from "./endpoint.ts";
import type { CircuitPlan } from "./endpoint_gate.ts";
import {
  type EndpointBreakerOptions,
  PUBLISHER_RULES,
  SIGNING_RULES,
  type SigningOptions,
  SUBSCRIBER_RULES,
  type WebhookPublisherOptions,
  type WebhookSubscriberOptions,
  type WebhookTransportOptions,
} from "./options.ts";
import type { ReceiverPlan } from "./receiver.ts";
import { findSockets } from "./socket_poster.ts";
import { StandardWebhook } from "./standard_webhooks.ts";
import type { SinkPlan } from "./webhook_sink.ts";

const CREATE = "create a webhook transport";

const CONTENT_TYPES = ["application/json", "application/octet-stream", "text/plain"];

/** What a transport does; the half that it has no options for is missing. */
export interface TransportPlan {
  readonly send: SinkPlan | undefined;
  readonly receive: ReceiverPlan | undefined;
}

/** Which halves of a transport are made. */
export type Halves = "both" | "publisher" | "subscriber";

/** @throws {TypeError | RangeError} If an option is unknown, malformed, missing or of no effect. */
export function planTransport(options: WebhookTransportOptions, halves: Halves): TransportPlan {
  checkKnown(options, halves);
  const webhook = planSigning(options);
  const sends = halves === "publisher" || (halves === "both" && options.url !== undefined);
  if (!sends) refuseWithout(options, Object.keys(PUBLISHER_RULES), "'url'");
  return {
    send: sends ? planSink(options as WebhookPublisherOptions, webhook) : undefined,
    receive: halves === "publisher" ? undefined : planReceiver(options, webhook),
  };
}

function checkKnown(options: WebhookTransportOptions, halves: Halves): void {
  checkOptions(CREATE, options, {
    ...SIGNING_RULES,
    ...(halves !== "subscriber" && PUBLISHER_RULES),
    ...(halves !== "publisher" && SUBSCRIBER_RULES),
  });
}

/** Refuses options that would have no effect. */
function refuseWithout(options: object, names: readonly string[], needed: string): void {
  const idle = names.find((name) => options[name as never] !== undefined);
  if (idle !== undefined) {
    throw new TypeError(`Cannot ${CREATE} as option '${idle}' must come with ${needed}`);
  }
}

function planSigning(
  { secrets, unsigned, tolerance = 300_000 }: SigningOptions & { tolerance?: number },
): StandardWebhook | undefined {
  if (secrets === undefined && unsigned === true) return undefined;
  if (secrets === undefined) {
    throw new TypeError(`Cannot ${CREATE} as 'secrets' must be given, or 'unsigned: true'`);
  }
  if (unsigned === true) {
    throw new TypeError(`Cannot ${CREATE} as 'unsigned: true' must come without 'secrets'`);
  }
  return new StandardWebhook(secrets, { tolerance });
}

function planSink(
  options: WebhookPublisherOptions,
  signer: StandardWebhook | undefined,
): SinkPlan {
  const { url, mode = "plain", insecureHttp = false, allow = [] } = options;
  const isEvent = mode.startsWith("cloudevents");
  if (!isEvent) refuseWithout(options, ["source", "onUnmappable"], "a mode of CloudEvents");
  else if (options.source === undefined) {
    throw new TypeError(`Cannot ${CREATE} as mode '${mode}' must come with 'source'`);
  }
  if (signer?.canSign === false) {
    throw new TypeError(`Cannot ${CREATE} as one of 'secrets' must be able to sign`);
  }
  if (findSockets() === undefined) {
    refuseWithout(options, ["ca"], "sockets: this platform has none");
  }
  return {
    endpoint: parseEndpoint(CREATE, url, { insecureHttp, allow }),
    mode,
    source: options.source,
    onUnmappable: options.onUnmappable,
    path: options.path,
    timeout: options.timeout ?? 15_000,
    concurrency: options.concurrency ?? 16,
    circuit: planCircuit(options.circuitBreaker),
    ca: options.ca,
    signer,
  };
}

function planCircuit(options: EndpointBreakerOptions | false = {}): CircuitPlan | undefined {
  if (options === false) return undefined;
  check(CREATE, "circuitBreaker", options, OBJECT);
  checkOptions(CREATE, options, BREAKER_RULES);
  const { window = 60_000, failureRate = 0.5, minimum = 20, cooldown = 30_000 } = options;
  const { halfOpen = 1, onStateChange } = options;
  return { limits: { window, failureRate, minimum, cooldown, halfOpen }, onStateChange };
}

function planReceiver(
  options: WebhookSubscriberOptions,
  verifier: StandardWebhook | undefined,
): ReceiverPlan {
  const { tolerance = 300_000, ackTimeout = 10_000 } = options;
  const logger = guardLogger(options.logger ?? silent);
  if (verifier?.canVerify === false) {
    throw new TypeError(`Cannot ${CREATE} as one of 'secrets' must be able to verify`);
  }
  if (verifier === undefined) refuseWithout(options, ["tolerance"], "'secrets'");
  return {
    verifier,
    topicOf: options.topicOf,
    headers: (options.headers ?? []).map((name) => name.toLowerCase()),
    contentTypes: (options.contentTypes ?? CONTENT_TYPES).map((type) => type.toLowerCase()),
    batch: options.batch ?? false,
    maxBody: options.maxBody ?? 2_097_152,
    maxDepth: options.maxDepth ?? 128,
    readTimeout: options.readTimeout ?? 10_000,
    respond: options.respond ?? "acked",
    ackTimeout,
    maxRequests: options.maxRequests ?? 256,
    endpoint: options.endpoint ?? "webhook",
    origins: (options.origins ?? []).map((origin) => origin.toLowerCase()),
    logger,
    replay: {
      store: options.store ?? ownStore(logger),
      timeout: ackTimeout,
      lease: 2 * ackTimeout,
      ttl: 2 * tolerance,
      logger,
    },
  };
}

/** A store in memory that says once when it is too small for what must be remembered. */
function ownStore(logger: Logger): Store {
  let isTold = false;
  return memoryStore({
    onEvict: () => {
      if (isTold) return;
      isTold = true;
      logger.warn("The replay store is full and forgets webhooks that can still be replayed");
    },
  });
}
