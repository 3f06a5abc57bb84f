import { Message } from "@beat/beat/message";
import { consume, type Consumption, publisher } from "@beat/beat/transport";
import { type NatsTransport, natsTransport } from "../mod.ts";

/** Of the topic that is consumed. */
export const PARTITIONS = 8;

/** What a member needs. */
export interface MemberPlan {
  readonly url: string;
  readonly topic: string;
  /** Where it writes what it handles: the order there is the order of all members. */
  readonly log: string;
  readonly lease: number;
}

/** Joins the group `all` of a topic whose keys are in order, and writes down what it handles. */
export async function joinGroup(
  { url, topic, log, lease }: MemberPlan,
  handled: () => void = () => {},
): Promise<{ transport: NatsTransport; consumption: Consumption }> {
  const transport = natsTransport({ servers: url, lease, partitions: PARTITIONS });
  const out = publisher(transport);
  const consumption = await consume(transport, async ([message]) => {
    await out.publish(log, new Message(message!.text(), { key: message!.key }));
    handled();
  }, { topic, group: "all", from: "earliest", ordered: "key", workers: 4 });
  return { transport, consumption };
}
