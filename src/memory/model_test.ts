/** Random consumers against a model of plain arrays. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { partitionOf } from "../transport/partition.ts";
import type { Delivery, Lane } from "../transport/port.ts";
import { MemoryBroker } from "./mod.ts";
import { rec, TestMember } from "./testdata/member.ts";

const PARTITIONS = 4;
const GROUPS = ["a", "b", "c"];

/** What a group must see: in each partition a position, and the one lane that may deliver. */
class GroupModel {
  readonly committed: number[] = new Array(PARTITIONS).fill(0);
  readonly #lanes = new Map<string, Lane>();
  readonly #dead = new Set<Lane>();
  readonly #cursors = new Map<Lane, number>();

  /** Checks that a delivery is the next one of its lane, and nobody else's. */
  deliver({ lane, token, rec }: Delivery, logs: readonly string[][]): void {
    assert(!this.#dead.has(lane), `partition ${lane.name} was given to somebody else`);
    const partition = Number(lane.name);
    const known = this.#lanes.get(lane.name);
    if (known !== lane) {
      if (known !== undefined) this.#dead.add(known);
      this.#lanes.set(lane.name, lane);
      this.#cursors.set(lane, this.committed[partition]!);
    }
    const expected = this.#cursors.get(lane)!;
    assertEquals(token, expected, `offset in partition ${lane.name}`);
    assertEquals(rec.id, logs[partition]![expected]);
    this.#cursors.set(lane, expected + 1);
  }

  commit({ lane, token }: Delivery): void {
    const partition = Number(lane.name);
    this.committed[partition] = Math.max(this.committed[partition]!, token as number + 1);
  }
}

interface Step {
  act: "publish" | "join" | "leave" | "fetch" | "ack" | "turn";
  pick: number;
  size: number;
}

async function play(steps: readonly Step[], capacity: number, letsGo: boolean): Promise<void> {
  const broker = new MemoryBroker({
    defaults: { partitions: PARTITIONS, maxMessages: capacity, overflow: "block" },
  });
  const sink = broker.sink();
  const logs: string[][] = Array.from({ length: PARTITIONS }, () => []);
  const groups = new Map(GROUPS.map((name) => [name, new GroupModel()]));
  const sends: Promise<unknown>[] = [];
  const members: { member: TestMember; group: GroupModel }[] = [];
  let published = 0;

  const join = async (name: string) => {
    const group = groups.get(name)!;
    const revoke = async () => {
      if (letsGo) await ack(entry);
      for (let i = 0; i < 3; i++) await undefined;
    };
    const options = { group: name, from: "earliest", revoke } as const;
    const entry = { group, member: await TestMember.join(broker, "t", options) };
    members.push(entry);
  };
  const fetch = async ({ group, member }: typeof members[number], room: number) => {
    await member.fetchNow(room);
    for (const delivery of member.fetched) group.deliver(delivery, logs);
  };
  const ack = async ({ group, member }: typeof members[number]) => {
    const held = [...member.held];
    await member.ackAll();
    for (const delivery of held) group.commit(delivery);
  };
  const publish = (size: number, pick: number) => {
    const recs = Array.from({ length: size }, (_, i) => {
      return rec(String(published++), `key-${(pick + i * 7) % 12}`);
    });
    for (const { id, key } of recs) logs[partitionOf(key, PARTITIONS)]!.push(id);
    sends.push(sink.send("t", recs.map((rec) => ({ topic: "t", rec, identity: rec.id }))));
  };

  for (const name of GROUPS) await join(name);
  for (const { act, pick, size } of steps) {
    const entry = members[pick % Math.max(1, members.length)];
    if (act === "publish") publish(size, pick);
    else if (act === "join") await join(GROUPS[pick % GROUPS.length]!);
    else if (act === "turn") await new Promise((resolve) => setTimeout(resolve, 0));
    else if (entry === undefined) continue;
    else if (act === "fetch") await fetch(entry, size);
    else if (act === "ack") await ack(entry);
    else if (act === "leave") {
      members.splice(members.indexOf(entry), 1);
      await entry.member.close();
    }
  }

  for (const name of GROUPS) await join(name);
  const isDone = () => broker.stats("t")!.groups.every(({ lag }) => lag === 0);
  for (let round = 0; broker.stats("t")!.waiting > 0 || !isDone(); round++) {
    assertLess(round, 10_000, "no end in sight");
    for (const entry of members) {
      await fetch(entry, 20);
      await ack(entry);
    }
  }
  await Promise.all(sends);
  for (const { committed } of groups.values()) {
    assertEquals(committed, logs.map((log) => log.length));
  }
  const { missed, published: counted } = broker.stats("t")!;
  assertEquals([missed, counted], [0, published]);
  await broker.close();
}

describe("a memory broker of many groups", () => {
  it("gives every group everything, in order, and twice only what was not committed", async () => {
    const step: fc.Arbitrary<Step> = fc.record({
      act: fc.constantFrom("publish", "publish", "join", "leave", "fetch", "fetch", "ack", "turn"),
      pick: fc.nat(),
      size: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 80 }),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        play,
      ),
      { numRuns: 150 },
    );
  });
});
