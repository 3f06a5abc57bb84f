import type { KafkaClient, KafkaConsumer } from "./client.ts";

/**
 * Ends a client that may be a member of a group. It leaves first, which takes so many milliseconds at
 * most: a client that is closed while it joins would go on to send signs of life. Where the connection is
 * lost nobody hears of it, and the group finds out by itself.
 */
export async function endConsumer(consumer: KafkaConsumer, patience: number): Promise<void> {
  const leaving = consumer.leaveGroup().catch(() => {});
  if (patience > 0 && consumer.isConnected()) await atMost(leaving, patience);
  // It has left, or cannot: the client need not try again.
  consumer.memberId = null;
  await consumer.close();
}

/** Ends a client of any kind. */
export async function endClient(
  client: KafkaClient | KafkaConsumer,
  patience: number,
): Promise<void> {
  if ("leaveGroup" in client) await endConsumer(client, patience);
  else await client.close();
}

/** Resolves when a promise does, or after so many milliseconds. */
function atMost(promise: Promise<void>, limit: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limit);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
