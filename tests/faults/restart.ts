import { Message, PublishError } from "@beat/beat/message";
import { compareLogs, type Consumed, type Produced } from "@beat/beat/testing";
import { consume, type ConsumeOptions, publisher, type Transport } from "@beat/beat/transport";

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
  /** How the consumer connects again. @default {quickly, so that nobody waits for it} */
  readonly reconnect?: ConsumeOptions["reconnect"];
}

const QUICKLY = { initialDelay: 10, maxDelay: 100 };

/**
 * Publishes and consumes while a server is restarted; resolves with what was lost, which is nothing, and
 * prints how long after its server it was live again: as it can publish, and gets what is published.
 */
export async function faultsOfRestart(
  { transport, topic, restart, reconnect = QUICKLY }: RestartPlan,
): Promise<readonly string[]> {
  const produced: Produced[] = [];
  const consumed: Consumed[] = [];
  const seen = new Set<string>();
  let look = () => {};
  /** When the server was back, and the first message that was published since was handled. */
  let [backAt, liveAt] = [Infinity, Infinity];
  const consumption = await consume(transport, ([message]) => {
    seen.add(message!.uuid);
    if (liveAt === Infinity && message!.timestamp.getTime() >= backAt) liveAt = Date.now();
    consumed.push({ id: message!.uuid });
    look();
  }, {
    ...{ topic, group: "all", from: "earliest", reconnect },
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
  backAt = Date.now();
  for (let left = AFTER; left > 0;) if (await publish()) left--;
  const acked = produced.filter(({ outcome }) => outcome === "acked");
  await new Promise<void>((resolve) => {
    look = () => acked.every(({ id }) => seen.has(id)) && resolve();
    look();
  });
  console.info(`${transport.name}: live again ${liveAt - backAt} ms after its server`);
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
