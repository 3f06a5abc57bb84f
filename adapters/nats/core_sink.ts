import { sendBy, type Sink } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import { checkSize } from "./size.ts";

/** Publishes to who is there; resolves when the server has got it. */
export function coreSink(connection: Connection): Sink {
  return {
    limits: { batch: 1_024, bytes: 4_194_304, lanes: 1 },
    lane: () => "",
    send: (_lane, items) =>
      sendBy(items, async () => {
        const { nc } = await connection.open("publish");
        connection.checkConnected();
        return {
          write({ topic, rec }) {
            const headers = writeHeaders(rec);
            checkSize(nc.info, rec, headers);
            return [topic, rec.payload, { headers }] as const;
          },
          async send(written) {
            for (const message of written) nc.publish(...message);
            await connection.untilLost(nc.flush());
            return written.map(() => undefined);
          },
        };
      }),
    close: () => Promise.resolve(),
  };
}
