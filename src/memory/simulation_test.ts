import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { silent } from "../message/logger.ts";
import { MemoryBroker, SimulatedError, type SimulationOptions } from "./mod.ts";
import { Random } from "./random.ts";
import { rec, send, TestMember, textsOf } from "./testdata/member.ts";

const keyed = Array.from({ length: 200 }, (_, i) => rec(`${i % 10}:${i}`, `key-${i % 10}`));

function make(simulate: SimulationOptions, partitions = 2): MemoryBroker {
  return new MemoryBroker({ defaults: { partitions }, simulate });
}

/** Consumes in small bites until everything is committed; returns what came, in order. */
async function consumeAll(broker: MemoryBroker, member: TestMember): Promise<string[]> {
  for (let rounds = 0; broker.stats("t")!.groups[0]!.lag > 0; rounds++) {
    assertLess(rounds, 10_000);
    await member.fetchNow(7);
    await member.ackAll().catch((error) => assertInstanceOf(error, Error));
  }
  await member.drain();
  return member.seen;
}

async function run(simulate: SimulationOptions): Promise<string[]> {
  const broker = make(simulate);
  const member = await TestMember.join(broker, "t", { group: "g" });
  await send(broker, "t", keyed);
  const seen = await consumeAll(broker, member);
  await member.close();
  return seen;
}

function ofKey(seen: readonly string[], key: number): number[] {
  return seen.filter((text) => text.startsWith(`${key}:`)).map((text) => Number(text.slice(2)));
}

describe("a simulation", () => {
  it("is the same for the same seed, and another for another", async () => {
    const faults = { duplicate: 0.2, reorder: 0.3, crash: 0.05 };
    const [first, second, third] = [
      await run({ seed: 7, ...faults }),
      await run({ seed: 7, ...faults }),
      await run({ seed: 8, ...faults }),
    ];
    assertEquals(first, second);
    assert(first.join() !== third.join());
  });

  it("does nothing without probabilities", async () => {
    const seen = await run({ seed: 1 });
    assertEquals([...seen].sort(), textsOf(keyed).sort());
  });

  it("duplicates: each record comes twice in a row", async () => {
    const seen = await run({ seed: 1, duplicate: 1 });
    assertEquals(seen.length, 400);
    for (let key = 0; key < 10; key++) {
      const numbers = ofKey(seen, key);
      assertEquals(numbers, numbers.toSorted((a, b) => a - b));
      assertEquals(numbers.length, 40);
    }
  });

  it("reorders, but never the records of a key", async () => {
    const seen = await run({ seed: 3, reorder: 1 });
    const numbers = seen.map((text) => Number(text.split(":")[1]));
    assert(numbers.some((number, at) => at > 0 && number < numbers[at - 1]!));
    for (let key = 0; key < 10; key++) {
      assertEquals(ofKey(seen, key), ofKey(textsOf(keyed), key));
    }
  });

  it("loses nothing when a lane is lost while records are out of order", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const seen = await run({ seed, reorder: 1, duplicate: 0.3, crash: 0.1 });
      assertEquals([...new Set(seen)].sort(), textsOf(keyed).sort(), `seed ${seed}`);
    }
  });

  it("crashes: what is not committed comes again, in the order of its key", async () => {
    const broker = make({ seed: 5, crash: 0.2 });
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", keyed);
    const seen = await consumeAll(broker, member);
    assert(seen.length > 200);
    assert(member.gone.length > 0);
    for (const { lane, cause } of member.gone) {
      assert(lane.fenced);
      assertInstanceOf(cause, SimulatedError);
      assertEquals(cause.seed, 5);
      assert(cause.message.endsWith("this is a simulation with seed 5"), cause.message);
    }
    for (let key = 0; key < 10; key++) {
      const firsts = [...new Set(ofKey(seen, key))];
      assertEquals(firsts, ofKey(textsOf(keyed), key));
    }
  });

  it("delays: a lane waits, and its order stays", async () => {
    const time = new FakeTime(0);
    try {
      const broker = make({ seed: 2, delay: 1, maxDelay: 1_000 }, 1);
      const member = await TestMember.join(broker, "t", { group: "g" });
      await send(broker, "t", [rec("a"), rec("b"), rec("c")]);
      for (const text of ["a", "b", "c"]) {
        const before = Date.now();
        const fetched = member.fetch();
        await time.nextAsync();
        assertEquals(await fetched, [text]);
        assert(Date.now() > before);
        assert(Date.now() <= before + 1_000);
      }
    } finally {
      time.restore();
    }
  });

  it("delays up to 100 ms, unless told otherwise", async () => {
    const time = new FakeTime(0);
    try {
      const broker = make({ seed: 2, delay: 1 }, 1);
      const member = await TestMember.join(broker, "t", { group: "g" });
      await send(broker, "t", keyed.slice(0, 100));
      const waits: number[] = [];
      for (let at = 0; at < 100; at++) {
        const before = time.now;
        const fetched = member.fetch();
        await time.nextAsync();
        await fetched;
        waits.push(time.now - before);
      }
      const longest = Math.max(...waits);
      assert(longest > 95 && longest <= 100, `${longest}`);
      await member.close();
    } finally {
      time.restore();
    }
  });

  it("leaves no timer behind when a consumer leaves", async () => {
    const broker = make({ seed: 2, delay: 1, maxDelay: 100_000 });
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", keyed);
    assertEquals(await member.fetchNow(), []);
    await member.close();
  });

  it("fails publishes: refused ones are not stored, of the others some are", async () => {
    const broker = make({ seed: 4, failPublish: 0.5 });
    const results = await send(broker, "t", keyed.map((one, i) => rec(one.id, `own-${i}`)));
    const stored = new Set(broker.history("t").map(({ id }) => id));
    const outcomes = { confirmed: [0, 0], rejected: [0, 0], unknown: [0, 0] };
    for (const [at, result] of results.entries()) {
      const outcome = result?.outcome ?? "confirmed";
      outcomes[outcome as "unknown"][stored.has(keyed[at]!.id) ? 1 : 0]!++;
      if (result !== undefined) assertInstanceOf(result.cause, SimulatedError);
    }
    assertEquals([outcomes.confirmed[0], outcomes.rejected[1]], [0, 0]);
    const { confirmed: [, confirmed], rejected: [rejected], unknown } = outcomes;
    assert([confirmed!, rejected!, ...unknown].every((count) => count > 10));
  });

  it("does not attempt a record after a failed one of its key in the same call", async () => {
    const broker = make({ seed: 4, failPublish: 0.3 });
    const results = await send(broker, "t", keyed);
    const failed = new Set<string>();
    for (const [at, result] of results.entries()) {
      const { key, id } = keyed[at]!;
      if (failed.has(key)) {
        assertEquals(result?.outcome, "not-attempted");
        assert(!broker.history("t").some((stored) => stored.id === id));
      } else if (result !== undefined) failed.add(key);
    }
    assert(failed.size > 0);
  });

  it("draws a seed where none is given, and tells it", () => {
    const lines: string[] = [];
    const logger = { ...silent, info: (line: string) => void lines.push(line) };
    const broker = make({ crash: 0.1, logger });
    assertEquals(lines, [`A MemoryBroker simulates with seed ${broker.seed}`]);
    make({ seed: 9, logger });
    assertEquals(lines.length, 1);
    const info = stub(console, "info", (line: string) => void lines.push(line));
    try {
      make({ crash: 0.1 });
    } finally {
      info.restore();
    }
    assert(lines[1]!.startsWith("A MemoryBroker simulates with seed "), lines[1]);
    assertEquals(make({ seed: 9 }).seed, 9);
    assertEquals(new MemoryBroker().seed, undefined);
  });
});

describe("Random", () => {
  it("gives the numbers of SFC32", () => {
    // From the published algorithm, computed apart from this code.
    const random = new Random(7, 42);
    const numbers = Array.from({ length: 3 }, () => random.next() * 2 ** 32);
    assertEquals(numbers, [1_343_525_387, 1_285_754_048, 941_113_335]);
  });

  it("spreads evenly", () => {
    const random = new Random(1, 1);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[Math.floor(random.next() * 10)]++;
    for (const count of counts) assertLess(Math.abs(count - 1_000), 150);
  });
});
