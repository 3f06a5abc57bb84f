import type { KafkaClient } from "./client.ts";

/** A topic as it is now. */
export interface Topic {
  readonly name: string;
  readonly id: string;
  /** The broker that leads each partition. */
  readonly leaders: readonly number[];
  /** Copies of each partition. */
  readonly replicas: number;
}

/** A broker is asked several times: it may not have heard of a topic yet, or of who leads it. */
const PATIENT = { retries: 5 };

/** A topic; `undefined` if there is none. */
export async function findTopic(
  client: KafkaClient,
  name: string,
  options: { retries: number; forceUpdate?: boolean } = PATIENT,
): Promise<Topic | undefined> {
  try {
    const { topics } = await client.metadata({ topics: [name], ...options });
    const { id, partitions } = topics.get(name)!;
    return {
      name,
      id,
      leaders: partitions.map(({ leader }) => leader),
      replicas: partitions[0]?.replicas.length ?? 0,
    };
  } catch (error) {
    // The client has asked several times by then, and keeps to itself what the broker has answered.
    if (error instanceof Error && error.message.startsWith("Unknown topic ")) return undefined;
    throw error;
  }
}

/** @throws {RangeError} If there is no such topic. */
export async function openTopic(
  client: KafkaClient,
  action: string,
  name: string,
  options?: { retries: number },
): Promise<Topic> {
  const topic = await findTopic(client, name, options);
  if (topic !== undefined) return topic;
  throw new RangeError(
    `Cannot ${action} as there is no topic '${name}': make one by 'admin.create'`,
  );
}
