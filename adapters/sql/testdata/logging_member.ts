import { Message } from "@beat/beat/message";
import { consume, type Consumption, publisher } from "@beat/beat/transport";
import { sqlTransport, type SqlTransportOptions } from "../mod.ts";

/** Where members write what they handle: the order there is the order of all of them. */
export const LOG = "log";

/** Joins the group `all` of `orders`, whose keys are in order, and writes down what it handles. */
export async function joinGroup(
  options: SqlTransportOptions,
  handled: () => void | Promise<void> = () => {},
): Promise<Consumption> {
  const transport = sqlTransport({ pollInterval: 5, ...options });
  const out = publisher(transport);
  return await consume(transport, async ([message]) => {
    await out.publish(LOG, new Message(message!.text(), { key: message!.key }));
    await handled();
  }, { topic: "orders", group: "all", from: "earliest", ordered: "key", workers: 4 });
}
