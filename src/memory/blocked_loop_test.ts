/** A handler that gives nobody a turn for longer than its partition is its own. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseLostError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { consume, type Consumption } from "../transport/consumption.ts";
import { partitionOf } from "../transport/partition.ts";
import { publisher } from "../transport/publisher.ts";
import { MemoryBroker } from "./mod.ts";

const REVOKE_TIMEOUT = 5;
/** Of the partition that goes to the second member. */
const KEY = ["a", "b", "c", "d"].find((key) => partitionOf(key, 2) === 1)!;

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** Lets no timer and no promise have a turn. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function untilSettled(broker: MemoryBroker): Promise<void> {
  while (broker.stats("t")!.groups[0]!.lag > 0) await turn();
}

/** Has member a handle "1" as told, while b joins, to which the partition goes; who saw what. */
async function seenBy(
  handle: (message: Message, join: () => Promise<void>) => Promise<void>,
): Promise<string[]> {
  const broker = new MemoryBroker({
    defaults: { partitions: 2 },
    revokeTimeout: REVOKE_TIMEOUT,
  });
  const seen: string[] = [];
  const members: Consumption[] = [];
  const join = async (name: string) => {
    members.push(
      await consume(broker, async ([message]) => {
        seen.push(name + message!.text());
        if (seen.length === 1) await handle(message!, () => join("b"));
      }, { topic: "t", group: "g", ordered: "key" }),
    );
  };
  await join("a");
  const out = publisher(broker);
  await out.publish("t", ["1", "2"].map((text) => new Message(text, { key: KEY })));
  await untilSettled(broker);
  for (const member of members) await member.close();
  await out.close();
  await broker.close();
  return seen;
}

describe("a handler that blocks the event loop", () => {
  it("acks although its time is over, as long as nobody else could have a turn", async () => {
    let isAcked: boolean | undefined;
    const seen = await seenBy(async (message, join) => {
      await join();
      block(4 * REVOKE_TIMEOUT);
      isAcked = message.ack();
    });
    assertEquals([isAcked, seen], [true, ["a1", "b2"]]);
  });

  it("has no say after that: its message is another's, before all that follows it", async () => {
    let isAcked: boolean | undefined;
    let reason: unknown;
    const seen = await seenBy(async (message, join) => {
      const { signal } = message;
      const isAborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await join();
      block(4 * REVOKE_TIMEOUT);
      await isAborted;
      reason = signal.reason;
      isAcked = message.ack();
    });
    assertInstanceOf(reason, LeaseLostError);
    assertEquals([isAcked, seen], [false, ["a1", "b1", "b2"]]);
  });

  it("gets again what it acked where the partition was lost before its commit", async () => {
    const broker = new MemoryBroker({
      defaults: { partitions: 1 },
      simulate: { seed: 20, crash: 0.05 },
    });
    const calls: number[] = [];
    const acks = new Set<boolean>();
    const member = await consume(broker, ([message]) => {
      block(0.1);
      calls.push(Number(message!.text()));
      acks.add(message!.ack());
    }, { topic: "t", group: "g", prefetch: 4 });
    const out = publisher(broker);
    const count = 40;
    await out.publish("t", Array.from({ length: count }, (_, i) => new Message(`${i}`)));
    await untilSettled(broker);
    await member.close();
    assert(calls.length > count, "no partition was lost");
    assertEquals([...acks], [true]);
    assertEquals([...new Set(calls)], Array.from({ length: count }, (_, i) => i));
    const { received, acked, lost, returned, inFlight } = member.stats();
    assertEquals([received, inFlight], [acked + lost + returned, 0]);
    await out.close();
    await broker.close();
  });
});
