import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { publisher } from "../transport/publisher.ts";
import { MemoryBroker } from "./memory_broker.ts";

/** How many promises are made to be settled from outside while something runs. */
async function countPromises(run: () => unknown): Promise<number> {
  const { withResolvers } = Promise;
  let made = 0;
  Promise.withResolvers = function <T>() {
    made++;
    return withResolvers.call(Promise) as PromiseWithResolvers<T>;
  };
  try {
    await run();
  } finally {
    Promise.withResolvers = withResolvers;
  }
  return made;
}

describe("publishing", () => {
  it("costs no promise for each message: none is made before somebody asks how it was settled", async () => {
    const broker = new MemoryBroker();
    const out = publisher(broker);
    const publish = (count: number) => () =>
      out.publish("t", Array.from({ length: count }, (_, at) => new Message(`${at}`)));
    await publish(1)();
    assertEquals(await countPromises(publish(100)), await countPromises(publish(1)));
    assertEquals(await countPromises(() => new Message().ack()), 0);
    assertEquals(await countPromises(() => void new Message().settled()), 1);
    await out.close();
    await broker.close();
  });
});
