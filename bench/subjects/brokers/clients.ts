/**
 * Everybody who can be asked the questions about brokers.
 *
 * @module
 */
import type { Client } from "./client.ts";
import type { Way } from "./ours.ts";
import type { BrokerName } from "./places.ts";

/** Who does it: an adapter, or a client alone. */
export type Who = Way | "client" | "requests" | "bullmq" | "kafkajs";

/** Opens a client with a topic of its own, knowing whether it will have many messages in flight. */
export async function openClient(
  name: BrokerName,
  who: Who,
  many: boolean,
): Promise<Client> {
  switch (who) {
    case "client":
      return await openAlone(name, many);
    case "requests":
      return await (await import("./kafka_client.ts")).openKafka("requests");
    case "bullmq":
      return (await import("./bullmq_client.ts")).openBullmq();
    case "kafkajs":
      return await (await import("./kafkajs_client.ts")).openKafkajs();
    default:
      return await (await import("./ours.ts")).openOurs(name, who);
  }
}

async function openAlone(name: BrokerName, many: boolean): Promise<Client> {
  switch (name) {
    case "redis":
      return (await import("./redis_client.ts")).openRedis(many);
    case "nats":
    case "nats-default":
      return await (await import("./jetstream_client.ts")).openJetStream(name);
    case "kafka":
      return await (await import("./kafka_client.ts")).openKafka("group");
    default:
      return await (await import("./sql_clients.ts")).openTable(name);
  }
}
