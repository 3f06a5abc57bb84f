import { Message, PublishError } from "@beat/beat/message";
import { compareLogs, type Consumed, type Produced } from "@beat/beat/testing";
import { consume, publisher, type Transport } from "@beat/beat/transport";

/** Milliseconds between two attempts to publish. */
const PAUSE = 20;
/** Messages that are published one after the other when the server is back. */
const AFTER = 10;

/** What goes on while a server ends in good order and comes back. */
export interface RestartPlan {
  /** A transport whose topic is there; it stays open. */
  readonly transport: Transport;
  readonly topic: string;
  /** Ends the server in good order, and starts it again. */
  readonly restart: () => Promise<void>;
}

/** Publishes and consumes while a server is restarted; resolves with what was lost, and is empty then. */
export async function faultsOfRestart(
  { transport, topic, restart }: RestartPlan,
): Promise<readonly string[]> {
  const produced: Produced[] = [];
  const consumed: Consumed[] = [];
  const seen = new Set<string>();
  let look = () => {};
  const consumption = await consume(transport, ([message]) => {
    seen.add(message!.uuid);
    consumed.push({ id: message!.uuid });
    look();
  }, {
    ...{ topic, group: "all", from: "earliest" },
    reconnect: { initialDelay: 10, maxDelay: 100 },
  });
  const out = publisher(transport);
  const publish = async (): Promise<boolean> => {
    const message = new Message(`number ${produced.length}`);
    const outcome = await outcomeOf(out.publish(topic, message));
    produced.push({ id: message.uuid, outcome });
    if (outcome !== "acked") await new Promise((go) => setTimeout(go, PAUSE));
    return outcome === "acked";
  };
  while (!await publish());
  let isBack = false;
  const restarting = restart().finally(() => isBack = true);
  while (!isBack) await publish();
  await restarting;
  for (let left = AFTER; left > 0;) if (await publish()) left--;
  const acked = produced.filter(({ outcome }) => outcome === "acked");
  await new Promise<void>((resolve) => {
    look = () => acked.every(({ id }) => seen.has(id)) && resolve();
    look();
  });
  await consumption.close();
  await out.close();
  return compareLogs(produced, consumed, { duplicates: Infinity });
}

async function outcomeOf(publishing: Promise<void>): Promise<Produced["outcome"]> {
  try {
    await publishing;
    return "acked";
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return error.failed[0]!.outcome === "unknown" ? "unknown" : "failed";
  }
}
