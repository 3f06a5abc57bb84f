/**
 * The brokers through our adapters.
 *
 * @module
 */
import type { Message } from "../../../src/message/mod.ts";
import {
  consume,
  type ConsumeOptions,
  publisher,
  subscriber,
  type TopicAdmin,
  type Transport,
} from "../../../src/transport/mod.ts";
import { createRouter } from "../messages.ts";
import { type Client, type Handle, newMessage, PREFETCH, several } from "./client.ts";
import { type BrokerName, newTopic, urlOf } from "./places.ts";

/** How it is consumed. */
export type Way = "engine" | "engine, in the order of keys" | "router";

/** A transport, and how to let go of it. */
export interface Opened {
  readonly transport: Transport & { readonly admin: TopicAdmin };
  close(): Promise<unknown>;
}

/** Opens the adapter of a broker; `url` where it is not the server of the environment. */
export async function openTransport(name: BrokerName, url?: string): Promise<Opened> {
  const transport = await connect(name, url);
  return "transport" in transport
    ? transport
    : { transport, close: async () => await transport.close() };
}

async function connect(name: BrokerName, url?: string): Promise<Opened | Opened["transport"]> {
  switch (name) {
    case "redis": {
      const { redisTransport } = await import("@beat/redis");
      return redisTransport({ url: urlOf(name) });
    }
    case "nats":
    case "nats-default": {
      const { natsTransport } = await import("@beat/nats");
      return natsTransport({ servers: urlOf(name) });
    }
    case "kafka": {
      const { kafkaTransport } = await import("@beat/kafka");
      return kafkaTransport({ brokers: urlOf(name) });
    }
    default: {
      const { migrate, sqlTransport } = await import("@beat/sql");
      const { openDatabase } = await import("./databases.ts");
      const { connection, close } = await openDatabase(name, url);
      await migrate(connection);
      const transport = sqlTransport({ connection });
      const end = async () => {
        await transport.close();
        await close();
      };
      return { transport, close: end };
    }
  }
}

/** How the topics of the questions are made. */
export async function createTopic({ transport: { name, admin } }: Opened): Promise<string> {
  const topic = newTopic();
  await admin.create(topic, name === "kafka" ? { partitions: 4 } : {});
  return topic;
}

/**
 * A topic through an adapter. One transport publishes, another one consumes, as processes would; `wrap` may
 * look at what the latter gets.
 */
export async function openOurs(
  name: BrokerName,
  way: Way,
  wrap = (transport: Transport) => transport,
): Promise<Client> {
  const [one, other] = [await openTransport(name), await openTransport(name)];
  const topic = await createTopic(one);
  const out = publisher(one.transport);
  return {
    publish: (payload, at) => out.publish(topic, newMessage(payload, at)),
    publishAll: (payload, count) => out.publish(topic, several(newMessage, payload, count)),
    consume: (handle) => start(wrap(other.transport), topic, way, handle),
    async close() {
      await out.close();
      await one.transport.admin.remove(topic);
      await one.close();
      await other.close();
    },
  };
}

/** Consumes a topic from its beginning; what it resolves with insists that all was acked. */
export async function start(
  transport: Transport,
  topic: string,
  way: Way,
  handle: Handle,
): Promise<() => Promise<unknown>> {
  const group = "bench";
  if (way === "router") {
    const router = createRouter();
    const count = ({ payload }: Message) => handle(payload);
    router.on("count", topic, subscriber(transport), count)
      .group(group).from("earliest").inFlight(PREFETCH);
    const done = router.run();
    await router.running;
    return async () => {
      await router.close();
      await done;
    };
  }
  const options: ConsumeOptions = { topic, group, from: "earliest", prefetch: PREFETCH };
  if (way !== "engine") options.ordered = { by: "key", scope: "member" };
  let handled = 0;
  const consumption = await consume(transport, (messages) => {
    handled += messages.length;
    for (const { payload } of messages) handle(payload);
  }, options);
  return async () => {
    await consumption.close();
    const { acked } = consumption.stats();
    if (acked !== handled) throw new Error(`acked ${acked} of ${handled} messages`);
  };
}
