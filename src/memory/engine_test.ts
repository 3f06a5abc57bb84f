/** The memory broker under the engine that consumes it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { ClosedError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { consume, type Consumption } from "../transport/consumption.ts";
import type { ConsumeOptions } from "../transport/consume_options.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { MemoryBroker } from "./mod.ts";

const COUNT = 600;
const KEYS = 20;

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

function messages(): Message[] {
  return Array.from({ length: COUNT }, (_, i) => new Message(`${i}`, { key: `key-${i % KEYS}` }));
}

/** Handles messages, some at once and some later, and remembers them in the order of their ends. */
class Log {
  readonly handled: number[] = [];
  #changed = Promise.withResolvers<void>();

  handle = async ([message]: readonly Message[]): Promise<void> => {
    const number = Number(message!.text());
    if (number % 3 === 0) await turn();
    this.handled.push(number);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  };

  /** Waits until so many different messages were handled. */
  async until(count: number): Promise<void> {
    while (new Set(this.handled).size < count) await this.#changed.promise;
  }

  /** The first sightings of the messages of a key. */
  firstOf(key: number): number[] {
    return [...new Set(this.handled.filter((number) => number % KEYS === key))];
  }
}

function assertOrder(log: Log): void {
  for (let key = 0; key < KEYS; key++) {
    const expected = Array.from({ length: COUNT / KEYS }, (_, i) => i * KEYS + key);
    assertEquals(log.firstOf(key), expected);
  }
}

/** Has everything handled by a group whose members come and go. */
async function handledWhileMembersChange(
  settings: Pick<ConsumeOptions, "workers" | "ordered">,
): Promise<Log> {
  const broker = new MemoryBroker();
  const log = new Log();
  const options: ConsumeOptions = { topic: "t", group: "g", ...settings };
  const members: Consumption[] = [await consume(broker, log.handle, options)];
  const outlet = publisher(broker);
  const all = messages();
  for (let at = 0; at < COUNT; at += 50) {
    await outlet.publish("t", all.slice(at, at + 50));
    if (at % 100 === 0) members.push(await consume(broker, log.handle, options));
    else await members.shift()!.close();
  }
  await log.until(COUNT);
  // What comes again must be settled before its member leaves, too.
  while (broker.stats("t")!.groups[0]!.lag > 0) await turn();
  for (const member of members) await member.close();
  assertEquals(broker.stats("t")!.groups, [{ group: "g", members: 0, lag: 0, missed: 0 }]);
  await outlet.close();
  await broker.close();
  return log;
}

describe("a group under the engine", () => {
  it("handles everything once and in order while members come and go", async () => {
    const log = await handledWhileMembersChange({ workers: 1 });
    assertEquals(log.handled.length, COUNT);
    assertOrder(log);
  });

  // What a worker handled ahead of an older message that its member gives back comes again.
  it("handles everything, each key in order, while members with several workers come and go", async () => {
    const log = await handledWhileMembersChange({ workers: 4, ordered: "key" });
    assertEquals(new Set(log.handled).size, COUNT);
    assertOrder(log);
  });

  it("goes on behind a message that held its lane up for long", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 1 } });
    const release = Promise.withResolvers<void>();
    const log = new Log();
    const member = await consume(broker, async (batch) => {
      if (batch[0]!.text() === "0") await release.promise;
      await log.handle(batch);
    }, { topic: "t", group: "g", workers: 2, prefetch: 4 });
    const outlet = publisher(broker);
    await outlet.publish("t", messages());
    for (let before = -1; before < log.handled.length;) {
      before = log.handled.length;
      for (let i = 0; i < 10; i++) await turn();
    }
    assert(log.handled.length < COUNT, "the engine bounds what may wait behind the oldest");
    release.resolve();
    await log.until(COUNT);
    await member.close();
    await outlet.close();
  });

  it("ends when the broker is closed, after what it has", async () => {
    const broker = new MemoryBroker();
    const release = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const member = await consume(broker, async () => {
      started.resolve();
      await release.promise;
    }, { topic: "t", group: "g" });
    const outlet = publisher(broker);
    await outlet.publish("t", new Message("last"));
    await started.promise;
    await broker.close();
    release.resolve();
    await member.closed;
    assertEquals(member.stats().acked, 1);
    await outlet.close();
  });
});

describe("a broker that is closed", () => {
  it("refuses a subscription at once", async () => {
    const broker = new MemoryBroker();
    await broker.close();
    await assertRejects(() => consume(broker, () => {}, { topic: "t" }), ClosedError);
  });
});

describe("a simulation under the engine", () => {
  const faults = { duplicate: 0.1, delay: 0.01, maxDelay: 3, reorder: 0.3, crash: 0.01 };

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`loses nothing and keeps the order of keys, with seed ${seed}`, async () => {
      const broker = new MemoryBroker({ simulate: { seed, ...faults } });
      const log = new Log();
      const options: ConsumeOptions = { topic: "t", group: "g", workers: 4, ordered: "key" };
      const members = [
        await consume(broker, log.handle, options),
        await consume(broker, log.handle, options),
      ];
      const outlet = publisher(broker);
      await outlet.publish("t", messages());
      await log.until(COUNT);
      for (const member of members) await member.close();
      assertOrder(log);
      await outlet.close();
      await broker.close();
    });
  }
});

describe("a subscriber", () => {
  it("iterates what comes after it, and leaves nothing behind", async () => {
    const broker = new MemoryBroker();
    const outlet = publisher(broker);
    const inlet = subscriber(broker);
    await outlet.publish("t", new Message("before"));
    const stream = await inlet.subscribe("t");
    await outlet.publish("t", new Message("after", { key: "k", metadata: { tenant: "a" } }));
    for await (const message of stream) {
      assertEquals([message.text(), message.key], ["after", "k"]);
      assertEquals(message.metadata.get("tenant"), "a");
      assertEquals(message.origin?.transport, "memory");
      message.ack();
      break;
    }
    await inlet.close();
    await outlet.close();
    assertEquals(await broker.admin.remove("t"), true);
  });
});

describe("the memory broker, when a member holds on to a partition", () => {
  for (const [revokeTimeout, within] of [[500, 500], [undefined, 30_000]] as const) {
    it(`gives it to the one that has come after ${within} ms`, async () => {
      const time = new FakeTime();
      const broker = new MemoryBroker({
        defaults: { partitions: 2 },
        ...revokeTimeout !== undefined && { revokeTimeout },
      });
      const out = publisher(broker);
      const started = [0, 0];
      const join = (at: number) =>
        consume(broker, () => {
          started[at]++;
          return new Promise<void>(() => {});
        }, { topic: "t", group: "g", workers: 16 });
      const members = [await join(0)];
      await out.publish(
        "t",
        Array.from({ length: 16 }, (_, i) => new Message("", { key: `${i}` })),
      );
      await time.tickAsync(0);
      assertEquals(started[0], 16);
      members.push(await join(1));
      await time.tickAsync(within - 1);
      assertEquals(started[1], 0);
      await time.tickAsync(1);
      assert(started[1]! > 0 && started[1]! < 16);
      for (const member of members) member.close({ timeout: 0 }).catch(() => {});
      await time.tickAsync(5_000);
      await out.close();
      await broker.close();
      time.restore();
    });
  }
});
