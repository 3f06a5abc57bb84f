import { assertEquals, assertNotStrictEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Lane } from "../transport/port.ts";
import { MemoryBroker } from "./mod.ts";
import { rec, send, settle, TestMember, textsOf } from "./testdata/member.ts";

const ten = Array.from({ length: 10 }, (_, i) => rec(`m${i}`, `key-${i}`));
const tenTexts = textsOf(ten);

describe("a group", () => {
  it("gets everything once among its members, as other groups do", async () => {
    const broker = new MemoryBroker();
    const members = await Promise.all(
      ["a", "a", "a", "b"].map((group) => TestMember.join(broker, "t", { group })),
    );
    await send(broker, "t", ten);
    await Promise.all(members.map((member) => member.consume()));
    const [one, two, three, alone] = members.map(({ seen }) => seen);
    assertEquals([...one!, ...two!, ...three!].sort(), tenTexts);
    assertEquals([...alone!].sort(), tenTexts);
  });

  it("keeps its position when nobody is in it, and begins there whatever 'from' says", async () => {
    const broker = new MemoryBroker();
    const first = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten.slice(0, 4));
    await first.consume();
    await send(broker, "t", ten.slice(4, 6));
    await first.drain();
    await first.close();
    await send(broker, "t", ten.slice(6));
    const second = await TestMember.join(broker, "t", { group: "g", from: "latest" });
    assertEquals((await second.consume()).sort(), tenTexts.slice(4));
    await second.close();
    assertEquals(broker.stats("t")!.groups, [{ group: "g", members: 0, lag: 0, missed: 0 }]);
  });

  it("keeps a key with one member, in order", async () => {
    const broker = new MemoryBroker();
    const members = await Promise.all(
      [1, 2, 3].map(() => TestMember.join(broker, "t", { group: "g" })),
    );
    const recs = Array.from({ length: 300 }, (_, i) => rec(`${i % 20}:${i}`, `key-${i % 20}`));
    await send(broker, "t", recs);
    for (const member of members) await member.drain(7);
    for (const key of Array.from({ length: 20 }, (_, i) => `${i}:`)) {
      const owners = members.filter(({ seen }) => seen.some((text) => text.startsWith(key)));
      assertEquals(owners.length, 1);
      const numbers = owners[0]!.seen.filter((text) => text.startsWith(key));
      assertEquals(numbers, textsOf(recs).filter((text) => text.startsWith(key)));
    }
  });

  it("spreads records without a key over its partitions", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 4 } });
    const members = await Promise.all(
      [1, 2].map(() => TestMember.join(broker, "t", { group: "g" })),
    );
    await send(broker, "t", Array.from({ length: 8 }, (_, i) => rec(`m${i}`)));
    for (const member of members) assertEquals((await member.drain()).length, 4);
  });

  it("divides its partitions evenly, and moves as few as it can", async () => {
    const broker = new MemoryBroker();
    const members: TestMember[] = [];
    const sizes = async () => {
      const lags = await Promise.all(members.map(({ source }) => source.lag!()));
      return lags.map((lanes) => lanes.length).sort();
    };
    for (const expected of [[16], [8, 8], [5, 5, 6]]) {
      members.push(await TestMember.join(broker, "t", { group: "g" }));
      await settle();
      assertEquals(await sizes(), expected);
    }
    const all = [...members];
    const moved = () => all.reduce((sum, { revoked }) => sum + revoked.length, 0);
    assertEquals(moved(), 8 + 5);
    await members.shift()!.close();
    await settle();
    assertEquals(await sizes(), [8, 8]);
    assertEquals(moved(), 8 + 5);
  });

  it("has members without a partition when there are more of them", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 1 } });
    const first = await TestMember.join(broker, "t", { group: "g" });
    const second = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten);
    assertEquals(await second.drain(), []);
    await first.close();
    assertEquals(await second.consume(), tenTexts);
  });

  it("gives a lane away when its owner has let go: a new object at the committed position", async () => {
    const letGo = Promise.withResolvers<void>();
    const broker = new MemoryBroker({ defaults: { partitions: 2 } });
    const revoke = async () => {
      await member.ackAll();
      await letGo.promise;
    };
    const member = await TestMember.join(broker, "t", { group: "g", revoke });
    await send(broker, "t", ten);
    await member.fetch(6);
    const other = await TestMember.join(broker, "t", { group: "g" });
    assertEquals(await other.drain(), []);
    letGo.resolve();
    await settle();
    const [old] = member.revoked as [Lane];
    await other.drain();
    const [lane] = new Set(other.held.map(({ lane }) => lane));
    assertEquals(lane!.name, old.name);
    assertNotStrictEquals(lane, old);
    await member.drain();
    assertEquals([...member.seen, ...other.seen].sort(), tenTexts);
  });

  it("delivers again what the owner of a lane did not commit", async () => {
    const broker = new MemoryBroker();
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten);
    await member.drain();
    const stale = [...member.held];
    await member.close();
    const other = await TestMember.join(broker, "t", { group: "g" });
    await assertRejects(() => member.source.ack(stale), Error, "lease");
    assertEquals((await other.consume()).sort(), tenTexts);
  });

  it("wakes a member that waits when it is given a lane with records", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 1 } });
    const first = await TestMember.join(broker, "t", { group: "g" });
    const second = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten);
    const waiting = second.fetch();
    await first.close();
    assertEquals(await waiting, tenTexts);
  });
});
