import {
  rejectAll,
  sendEach,
  type SendItem,
  type SendResult,
  type Sink,
} from "@beat/beat/transport";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Connection } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import { checkSize } from "./size.ts";

/** Publishes to who is there; resolves when the server has got it. */
export class CoreSink implements Sink {
  readonly limits = { batch: 1_024, bytes: 4_194_304, lanes: 1 };
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  lane(): string {
    return "";
  }

  async send(_lane: string, items: readonly SendItem[]): Promise<readonly SendResult[]> {
    let nc: NatsConnection;
    try {
      ({ nc } = await this.#connection.open("publish"));
      this.#connection.checkConnected();
    } catch (cause) {
      return rejectAll(items, cause);
    }
    const results = sendEach(items, ({ topic, rec }) => {
      const headers = writeHeaders(rec);
      checkSize(nc.info, rec, headers);
      nc.publish(topic, rec.payload, { headers });
    });
    await this.#connection.untilLost(nc.flush());
    return results;
  }

  async close(): Promise<void> {}
}
