import { sendBy, type SendResult, type Sink } from "@beat/beat/transport";
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
          // The client has it then, or refuses this one alone.
          write({ topic, rec }) {
            const headers = writeHeaders(rec);
            checkSize(nc.info, rec, headers);
            nc.publish(topic, rec.payload, { headers });
          },
          async send(written) {
            const result = await connection.untilLost(nc.flush()).then(
              () => undefined,
              (cause): SendResult => ({ cause, outcome: "unknown" }),
            );
            return written.map(() => result);
          },
        };
      }),
    close: () => Promise.resolve(),
  };
}
