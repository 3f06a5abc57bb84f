import { checkTopic } from "@beat/beat/message";
import type { Host, Lane, Source, SourceSpec } from "@beat/beat/transport";
import type { Msg } from "@nats-io/transport-node";
import type { Connection } from "./connection.ts";
import { readRec } from "./headers.ts";
import { safeName } from "./names.ts";
import type { CorePlan } from "./options.ts";

/** Hears of a topic, alone or as one of a queue group. */
export async function openCoreSource(
  connection: Connection,
  plan: CorePlan,
  { topic, group }: SourceSpec,
  host: Host,
): Promise<Source> {
  const action = `subscribe to '${topic}'`;
  checkTopic(action, topic);
  const { nc } = await connection.open(action);
  const unlisten = connection.news.onConnection((event) => host.event(event));
  const callback = receiver(topic, plan, host);
  const queue = group === undefined ? {} : { queue: safeName(group) };
  const subscription = nc.subscribe(topic, { ...queue, callback });
  const close = () => {
    unlisten();
    subscription.unsubscribe();
  };
  try {
    await connection.untilLost(nc.flush());
  } catch (error) {
    close();
    throw error;
  }
  return {
    ack: async () => {},
    // deno-lint-ignore require-await
    close: async () => close(),
  };
}

/** The server cannot be asked to wait: what is too much is dropped, and told. */
function receiver(
  topic: string,
  { pending, onDropped }: CorePlan,
  host: Host,
): (error: Error | null, message: Msg) => void {
  const lane: Lane = { name: "", fenced: false };
  let waiting = 0;
  let count = 0;
  return (cause, { headers, data }) => {
    if (cause !== null) return host.event({ kind: "failed", at: Date.now(), cause });
    count++;
    if (waiting >= pending) return onDropped({ topic });
    const rec = readRec(headers, data, { id: `${topic}//${count}`, time: Date.now() });
    const admitted = host.admit({ rec, token: count, lane, count: 1 });
    if (admitted === undefined) return;
    waiting++;
    void admitted.then(() => waiting--);
  };
}
