import type { KafkaClient, KafkaConsumer } from "./client.ts";

/**
 * Ends a client that may be a member of a group. It leaves first: a client that is closed while it joins
 * would go on to send signs of life. Where the connection is lost nobody hears of it, and the group finds
 * out by itself.
 */
export async function endConsumer(consumer: KafkaConsumer, isLost = false): Promise<void> {
  const leaving = consumer.leaveGroup().catch(() => {});
  if (!isLost && consumer.isConnected()) await leaving;
  // It has left, or cannot: the client need not try again.
  consumer.memberId = null;
  await consumer.close();
}

/** Ends a client of any kind. */
export async function endClient(client: KafkaClient | KafkaConsumer): Promise<void> {
  if ("leaveGroup" in client) await endConsumer(client);
  else await client.close();
}
