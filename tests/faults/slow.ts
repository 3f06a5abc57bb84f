import { Message } from "@beat/beat/message";
import { compareLogs, type Consumed, type Produced } from "@beat/beat/testing";
import { consume, publisher, type Transport } from "@beat/beat/transport";

const CALLS = 3;
const KEYS = ["a", "b", ""];

/** What goes by a network that is slow. */
export interface SlowPlan {
  /** A transport behind such a network, whose topic is there; it stays open. */
  readonly transport: Transport;
  readonly topic: string;
}

/** Publishes and consumes by a slow network; resolves with what was lost, doubled or out of order: nothing. */
export async function faultsOfSlowness(
  { transport, topic }: SlowPlan,
): Promise<readonly string[]> {
  const consumed: Consumed[] = [];
  const all = Promise.withResolvers<void>();
  const consumption = await consume(transport, ([message]) => {
    consumed.push({ id: message!.uuid });
    if (consumed.length === CALLS * KEYS.length) all.resolve();
  }, { topic, group: "all", from: "earliest", ordered: { by: "key", scope: "member" } });
  const out = publisher(transport);
  const produced: Produced[] = [];
  // Called one after the other, and all of them on their way at once.
  await Promise.all(Array.from({ length: CALLS }, async (_, call) => {
    const messages = KEYS.map((key) => new Message(String(call), { key }));
    for (const { uuid: id, key } of messages) produced.push({ id, key, outcome: "acked" });
    await out.publish(topic, messages);
  }));
  await all.promise;
  await consumption.close();
  await out.close();
  return compareLogs(produced, consumed, { ordered: true });
}
