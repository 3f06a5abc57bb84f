import type { Passed, Position } from "./contracts.ts";
import { type Delivery, type Lane, READER, type Source } from "@beat/beat/transport";
import { look, type Polling } from "./polling.ts";
import { recordOf } from "./record.ts";
import { run } from "./session.ts";
import type { Tables } from "./tables.ts";

/** What a reader is made of. */
export interface ReaderPlan extends Polling {
  readonly tables: Tables;
  readonly topic: string;
  /** How far the subscription has come, whichever source it reads by: no database knows. */
  readonly bookmark: { position: Position };
}

/** Reads a topic without leaving anything behind. */
export function readerSource(plan: ReaderPlan): Source {
  const { connection, tables, topic, bookmark } = plan;
  const lane: Lane = { name: "", fenced: false };
  let { position } = bookmark;

  const take = async (room: number): Promise<Delivery[]> => {
    const found = await run(connection, connection.dialect.read(tables, topic, position, room));
    position = found.at(-1)?.position ?? position;
    return found.map((passed) => ({
      rec: recordOf(passed.row),
      token: passed,
      lane,
      count: 1,
    }));
  };

  return {
    traits: READER,
    fetch: (room, paused, signal) =>
      look(plan, async () => paused(lane) ? [] : await take(room), signal),
    // deno-lint-ignore require-await
    async ack(deliveries) {
      bookmark.position = (deliveries.at(-1)!.token as Passed).position;
    },
    offset: ({ token }) => String((token as Passed).row.seq),
    async lag() {
      const lag = await run(
        connection,
        connection.dialect.unread(tables, topic, bookmark.position),
      );
      return [{ lane: lane.name, lag, measuredAt: Date.now() }];
    },
    close: plan.close,
  };
}
