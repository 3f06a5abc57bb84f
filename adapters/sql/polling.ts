import type { SqlConnection } from "./contracts.ts";
import type { Bell, Delivery } from "@beat/beat/transport";

/** How a source looks for messages. */
export interface Polling {
  readonly connection: SqlConnection;
  /** Milliseconds between two looks that find nothing. */
  readonly pollInterval: number;
  /** Rings when there may be something. */
  readonly bell: Bell;
  /** Ends what was made for the source. */
  readonly close: () => Promise<void>;
}

/** One fetch: looks once, and waits a while if there is nothing. */
export async function look(
  { connection, pollInterval, bell }: Polling,
  take: () => Promise<readonly Delivery[]>,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  const { rings } = bell;
  try {
    const deliveries = await take();
    if (deliveries.length > 0) return deliveries;
  } catch (error) {
    if (!connection.dialect.isBusy(error)) throw error;
  }
  await bell.wait(rings, pollInterval, signal);
  return [];
}
