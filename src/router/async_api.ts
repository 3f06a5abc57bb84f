import { check, checkOptions, OBJECT } from "../options/options.ts";
import { accessOf } from "../transport/publisher_access.ts";
import { accessOfSubscriber } from "../transport/subscriber.ts";
import type { RouterFace } from "./plugin.ts";

/** What the document is about. */
export interface AsyncApiInfo {
  /** Name of the application. */
  title: string;
  /** Its version. */
  version: string;
  /** What it does. */
  description?: string;
}

/** What the router cannot know. */
export interface AsyncApiOptions {
  /** JSON Schema of the payload, by topic. @default {none} */
  payloads?: Readonly<Record<string, object>>;
  /** Content type of the payload, by topic. @default {"application/octet-stream", or "application/json" with a schema} */
  contentTypes?: Readonly<Record<string, string>>;
}

/** An AsyncAPI document, as JSON. */
export interface AsyncApiDocument {
  /** The version of the specification. */
  readonly asyncapi: "3.0.0";
  /** What it is about. */
  readonly info: AsyncApiInfo;
  /** The topics, by their name. */
  readonly channels: Readonly<Record<string, object>>;
  /** What is received and sent, by handler. */
  readonly operations: Readonly<Record<string, object>>;
  /** What is used by several. */
  readonly components: { readonly messages: Readonly<Record<string, object>> };
}

const ACTION = "describe a router";

/**
 * Describes a router by AsyncAPI 3.0.0 (asyncapi.com): each handler is an operation that receives from
 * its topic, what it publishes and its dead letters are operations that send. Where `route` chooses the
 * topic, the address of the channel is `null`, which is to say: known at run time.
 *
 * @throws {TypeError} If `info` has no title or version, or an option is about a topic that the router does not have.
 *
 * @example The document of a router
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { asyncApi, Router } from "@beat/beat/router";
 * import { subscriber } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.on("invoice", "orders.paid", subscriber(new MemoryBroker()), () => {});
 * const document = asyncApi(router, { title: "Shop", version: "1.0.0" });
 * assertEquals(Object.keys(document.channels), ["orders.paid"]);
 * ```
 */
export function asyncApi(
  router: Pick<RouterFace, "handlers">,
  info: AsyncApiInfo,
  options: AsyncApiOptions = {},
): AsyncApiDocument {
  check(ACTION, "info", info, OBJECT);
  checkOptions(ACTION, info, {
    title: ["a string", "string"],
    version: ["a string", "string"],
    description: ["a string", "string"],
  });
  if (info.title === undefined || info.version === undefined) {
    throw new TypeError(`Cannot ${ACTION} as 'info' must have a title and a version`);
  }
  checkOptions(ACTION, options, { payloads: OBJECT, contentTypes: OBJECT });
  // Maps: a topic may be called '__proto__'.
  const channels = new Map<string, object>();
  const operations = new Map<string, object>();
  const messages = new Map<string, object>();
  const add = (action: "receive" | "send", id: string, topic: string, facts: object) => {
    channels.set(topic, {
      address: topic,
      messages: Object.fromEntries([[topic, { $ref: `#/components/messages/${topic}` }]]),
    });
    messages.set(topic, describeMessage(topic, options));
    operations.set(unique(id, operations), {
      action,
      channel: { $ref: `#/channels/${topic}` },
      messages: [{ $ref: `#/channels/${topic}/messages/${topic}` }],
      ...facts,
    });
  };
  const routed: { name: string; operation: string }[] = [];
  for (const { name, topic, outTopic, parts, settings } of router.handlers()) {
    const operation = safeId(name);
    const transport = accessOfSubscriber(parts.subscriber)?.transport.name;
    add("receive", operation, topic, { title: name, ...tags(transport) });
    if (outTopic !== undefined) {
      const target = parts.publisher && accessOf(parts.publisher).transport?.name;
      add("send", `${operation}.out`, outTopic, { title: `${name} publishes`, ...tags(target) });
    }
    if (settings.route !== undefined) routed.push({ name, operation });
    if (settings.dlq !== undefined) {
      const target = accessOf(settings.dlq.publisher).transport?.name;
      const title = `${name} gives up`;
      add("send", `${operation}.dead`, settings.dlq.topic, { title, ...tags(target) });
    }
  }
  // A channel that no topic is called like: its address is known when there is a message.
  for (const { name, operation } of routed) {
    const channel = unique(`${operation}.routed`, channels);
    channels.set(channel, { address: null, title: `where ${name} routes to` });
    operations.set(unique(`${operation}.routed`, operations), {
      action: "send",
      channel: { $ref: `#/channels/${channel}` },
      title: `${name} routes`,
    });
  }
  refuseStrays("payloads", options.payloads, messages);
  refuseStrays("contentTypes", options.contentTypes, messages);
  return {
    asyncapi: "3.0.0",
    info: { ...info },
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(operations),
    components: { messages: Object.fromEntries(messages) },
  };
}

function describeMessage(topic: string, { payloads, contentTypes }: AsyncApiOptions): object {
  const payload = ownOf(payloads, topic);
  const fallback = payload === undefined ? "application/octet-stream" : "application/json";
  const described = { name: topic, contentType: ownOf(contentTypes, topic) ?? fallback };
  return payload === undefined ? described : { ...described, payload };
}

/** What is said of a topic that is nowhere would be lost: its name may be misspelt. */
function refuseStrays(
  name: string,
  values: Readonly<Record<string, unknown>> = {},
  topics: ReadonlyMap<string, object>,
): void {
  const stray = Object.keys(values).find((topic) => !topics.has(topic));
  if (stray === undefined) return;
  const known = [...topics.keys()].join(", ") || "none";
  throw new TypeError(
    `Cannot ${ACTION} as '${name}' has '${stray}', which is no topic of it: topics are ${known}`,
  );
}

/** Not what every object inherits. */
function ownOf<Value>(
  values: Readonly<Record<string, Value>> | undefined,
  topic: string,
): Value | undefined {
  return values !== undefined && Object.hasOwn(values, topic) ? values[topic] : undefined;
}

function tags(transport: string | undefined): object {
  return transport === undefined ? {} : { tags: [{ name: transport }] };
}

/** The id, or the first of `id_2`, `id_3`, … that is free: safe ids of two names may be the same. */
function unique(id: string, taken: ReadonlyMap<string, object>): string {
  let free = id;
  for (let count = 2; taken.has(free); count++) free = `${id}_${count}`;
  return free;
}

/** Identifiers of AsyncAPI are `[A-Za-z0-9_.-]+`. */
function safeId(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, "_");
}
