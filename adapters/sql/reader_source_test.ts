import { Message } from "@beat/beat/message";
import { publisher, type Source } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { take } from "../../tests/_services/test_host.ts";
import { sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

onEveryDatabase((_name, fresh) => {
  describe("a reader", () => {
    it("tells how many messages it has not settled, wherever it began", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const transport = sqlTransport({ connection, prefix: made.prefix, pollInterval: 5 });
        const out = publisher(transport);
        const publish = (...texts: string[]) =>
          out.publish("t", texts.map((text) => new Message(text)));
        const open = (from: "earliest" | "latest" | Date) =>
          transport.source({ topic: "t", from, prefetch: 4, ordered: false }, undefined as never);
        await publish("one", "two", "three");
        await out.publish("another", new Message("of another topic"));
        const sources = [await open("earliest"), await open(new Date(0)), await open("latest")];
        assertEquals(await Promise.all(sources.map(lagOf)), [3, 3, 0]);
        await publish("four");
        assertEquals(await Promise.all(sources.map(lagOf)), [4, 4, 1]);
        const [first] = sources as [Source];
        const taken = await take(first, 2);
        assertEquals(await lagOf(first), 4, "what is with a handler is not settled");
        await first.ack(taken);
        assertEquals(await lagOf(first), 2);
        for (const source of sources) await source.close();
        await out.close();
      });
    });
  });
});

async function lagOf(source: Source): Promise<number> {
  const lanes = await source.lag!();
  assertEquals(lanes.map(({ lane }) => lane), [""]);
  return lanes[0]!.lag;
}
