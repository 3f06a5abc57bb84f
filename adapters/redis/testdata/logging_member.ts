import { Message } from "@beat/beat/message";
import { consume, type Consumption, publisher } from "@beat/beat/transport";
import { type RedisTransport, redisTransport } from "../mod.ts";

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
  handled: () => void | Promise<void> = () => {},
): Promise<{ transport: RedisTransport; consumption: Consumption }> {
  const transport = redisTransport({ url, lease, partitions: PARTITIONS });
  const out = publisher(transport);
  const consumption = await consume(transport, async ([message]) => {
    await out.publish(log, new Message(message!.text(), { key: message!.key }));
    await handled();
  }, { topic, group: "all", from: "earliest", ordered: "key", workers: 4 });
  return { transport, consumption };
}
