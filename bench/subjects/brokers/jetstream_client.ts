/**
 * JetStream by nats.js alone.
 *
 * @module
 */
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { connect, headers, type MsgHdrs } from "@nats-io/transport-node";
import type { Rec } from "../../../src/message/mod.ts";
import { checked, type Client, newRec, PREFETCH, several } from "./client.ts";
import { type BrokerName, newTopic, urlOf } from "./places.ts";

const DURABLE = "bench";

/** A stream with one subject. */
export async function openJetStream(name: BrokerName): Promise<Client> {
  const nc = await connect({ servers: urlOf(name) });
  const [js, jsm] = [jetstream(nc), await jetstreamManager(nc)];
  const topic = newTopic();
  await jsm.streams.add({ name: topic, subjects: [topic] });
  const send = (rec: Rec) => js.publish(topic, rec.payload, { headers: headersOf(rec) });
  return {
    publish: (payload, at) => send(newRec(payload, at)),
    publishAll: (payload, count) => Promise.all(several(newRec, payload, count).map(send)),

    async consume(handle) {
      await jsm.consumers.add(topic, {
        durable_name: DURABLE,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        max_ack_pending: -1,
      });
      const consumer = await js.consumers.get(topic, DURABLE);
      const messages = await consumer.consume({
        max_messages: PREFETCH,
        callback(message) {
          handle(checked(recOf(message)));
          message.ack();
        },
      });
      return async () => {
        await messages.close();
        await nc.flush();
      };
    },

    async close() {
      await jsm.streams.delete(topic);
      await nc.close();
    },
  };
}

function headersOf({ id, key, headers: pairs, time }: Rec): MsgHdrs {
  const written = headers();
  // By the last of them the stream knows what is published twice.
  for (const name of ["Id", "Nats-Msg-Id"]) written.append(name, id);
  written.append("Key", encodeURIComponent(key));
  written.append("Time", new Date(time).toISOString());
  for (const [name, value] of pairs) written.append(name, value);
  return written;
}

function recOf({ headers: found, data }: JsMsg): Rec {
  let [id, key, time] = ["", "", 0];
  const pairs: [string, string][] = [];
  for (const [name, [value = ""]] of found ?? []) {
    if (name === "Id") id = value;
    else if (name === "Key") key = decodeURIComponent(value);
    else if (name === "Time") time = Date.parse(value);
    else if (!name.startsWith("Nats-")) pairs.push([name, value]);
  }
  return { id, key, headers: pairs, payload: data, time };
}
