import type { SqlConnection } from "./contracts.ts";
import type { SendFailure, SendItem, Sink } from "@beat/beat/transport";
import { insertion } from "./record.ts";
import { executeAlone } from "./session.ts";
import type { Tables } from "./tables.ts";

type Sent = SendFailure | undefined;

/** Publishes each batch by one statement; `onStored` hears of a topic that has something new. */
export function sqlSink(
  connection: SqlConnection,
  tables: Tables,
  onStored: (topic: string) => void,
): Sink {
  const store = async (items: readonly SendItem[]): Promise<Sent> => {
    try {
      await executeAlone(connection, insertion(tables, items, connection.dialect));
      onStored(items[0]!.topic);
      return undefined;
    } catch (cause) {
      const isRefusal = connection.dialect.isRefusal(cause);
      return { cause, outcome: isRefusal ? "rejected" : "unknown" };
    }
  };
  /** What follows a failure of its key is not attempted. */
  const storeEach = async (items: readonly SendItem[]): Promise<Sent[]> => {
    const failed = new Map<string, unknown>();
    const results: Sent[] = [];
    for (const item of items) {
      const { key } = item.rec;
      const result: Sent = failed.has(key)
        ? { cause: failed.get(key), outcome: "not-attempted" }
        : await store([item]);
      if (result !== undefined && key !== "") failed.set(key, result.cause);
      results.push(result);
    }
    return results;
  };
  return {
    limits: { batch: 256, bytes: 1_048_576, lanes: 4 },
    // A database numbers in the order of the statements: one of a topic goes after the other.
    lane: (topic) => topic,
    async send(_topic, items) {
      const result = await store(items);
      // The database may have refused all for the fault of one.
      const isDoubtful = result?.outcome === "rejected" && items.length > 1;
      return isDoubtful ? await storeEach(items) : items.map(() => result);
    },
    close: () => Promise.resolve(),
  };
}
