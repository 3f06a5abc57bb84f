import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Delivery, Lane } from "@beat/beat/transport";
import { Fetcher } from "./fetcher.ts";
import { KafkaLane } from "./lane.ts";
import type { KafkaConsumer, KafkaFetch, KafkaFetched } from "./mod.ts";
import { batchOf } from "./testdata/batches.ts";

const TOPIC = { name: "orders", id: "id", leaders: [1, 2], replicas: 1 };
const NEVER = new AbortController().signal;
const open = () => false;

/** A cluster of two brokers that answer when they are told to. */
class Cluster {
  readonly lanes = [new KafkaLane("orders", 0, 0n), new KafkaLane("orders", 1, 0n)];
  readonly fetcher: Fetcher;
  leaders: readonly number[] = TOPIC.leaders;
  readonly #asked: { options: KafkaFetch; answer: PromiseWithResolvers<KafkaFetched> }[] = [];
  #look = () => {};

  constructor() {
    const consumer = {
      metadata: () => {
        const partitions = this.leaders.map((leader) => ({ leader, replicas: [leader] }));
        return Promise.resolve({ topics: new Map([["orders", { id: "id", partitions }]]) });
      },
      fetch: (options: KafkaFetch) => {
        const answer = Promise.withResolvers<KafkaFetched>();
        this.#asked.push({ options, answer });
        this.#look();
        return answer.promise;
      },
      close: () => Promise.resolve(),
    };
    this.fetcher = new Fetcher({
      consumer: consumer as unknown as KafkaConsumer,
      ...{ topic: TOPIC, maxBytes: 1, skip: () => Promise.resolve() },
    });
    this.fetcher.lanes = this.lanes;
  }

  /** Resolves with the next request. */
  async request() {
    while (this.#asked.length === 0) await new Promise<void>((resolve) => this.#look = resolve);
    const { options: { node, topics: [topic] }, answer } = this.#asked.shift()!;
    const partitions = topic!.partitions.map(({ partition }) => partition);
    return {
      ...{ node, partitions, fail: answer.reject },
      answer: (count: number) => {
        const first = topic!.partitions[0]!;
        const records = count === 0 ? [] : [batchOf(first.fetchOffset, count)];
        const found = { partitionIndex: first.partition, records };
        answer.resolve({ responses: [{ partitions: [found] }] });
      },
    };
  }
}

describe("Fetcher", () => {
  it("asks each broker for what it leads, once at a time", async () => {
    const cluster = new Cluster();
    const fetching = cluster.fetcher.fetch(9, open, NEVER);
    const [one, two] = [await cluster.request(), await cluster.request()];
    assertEquals([one.node, one.partitions, two.node, two.partitions], [1, [0], 2, [1]]);
    one.answer(2);
    assertEquals(placesOf(await fetching), ["0:0", "0:1"]);
    // The other broker has not answered: it is not asked again.
    const again = cluster.fetcher.fetch(9, open, NEVER);
    assertEquals((await cluster.request()).node, 1);
    two.answer(1);
    assertEquals(placesOf(await again), ["1:0"]);
  });

  it("keeps what comes when nobody waits, and hands it over without asking", async () => {
    const cluster = new Cluster();
    cluster.fetcher.lanes = cluster.lanes.slice(0, 1);
    const abort = new AbortController();
    const fetching = cluster.fetcher.fetch(9, open, abort.signal);
    const request = await cluster.request();
    abort.abort();
    assertEquals(await fetching, []);
    const next = cluster.fetcher.fetch(2, open, NEVER);
    request.answer(3);
    assertEquals(placesOf(await next), ["0:0", "0:1"]);
    assertEquals(placesOf(await cluster.fetcher.fetch(2, open, NEVER)), ["0:2"]);
  });

  it("leaves out lanes that are paused, and takes the others in turn", async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, 1];
    const paused = (lane: Lane) => lane === cluster.lanes[0];
    const fetching = cluster.fetcher.fetch(1, paused, NEVER);
    const request = await cluster.request();
    assertEquals(request.partitions, [1]);
    request.answer(2);
    assertEquals(placesOf(await fetching), ["1:0"]);
    cluster.lanes[0]!.keep([batchOf(0n, 2)]);
    const taken = [];
    for (let at = 0; at < 3; at++) taken.push(...await cluster.fetcher.fetch(1, open, NEVER));
    assertEquals(placesOf(taken).sort(), ["0:0", "0:1", "1:1"]);
  });

  it("rejects from when a broker has failed, and knows whether the connection is lost", async () => {
    const cluster = new Cluster();
    const fetching = cluster.fetcher.fetch(9, open, NEVER);
    assertEquals(cluster.fetcher.isLost, false);
    (await cluster.request()).fail(Object.assign(new Error("gone"), { code: "PLT_KFK_NETWORK" }));
    await assertRejects(() => fetching, Error, "gone");
    assertEquals(cluster.fetcher.isLost, true);
    await assertRejects(() => cluster.fetcher.fetch(9, open, NEVER), Error, "gone");
  });

  it("rejects when the topic has more partitions than it had", async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, 2, 1];
    const text = "Topic 'orders' was made anew, or got more partitions";
    await assertRejects(() => cluster.fetcher.fetch(9, open, NEVER), Error, text);
  });
});

function placesOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ lane, token }) => `${lane.name}:${token}`);
}
