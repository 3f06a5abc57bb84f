/** What is so long as nobody says otherwise. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { failing, failureOf, single, withFakeTime } from "../../tests/_messages/harness.ts";
import type { Publisher } from "../message/contracts.ts";
import { Message } from "../message/message.ts";
import type { Store } from "../message/store.ts";
import { circuitBreaker } from "./circuit_breaker.ts";
import { deduplicate } from "./deduplicate.ts";
import { CircuitOpenError } from "./errors.ts";
import { memoryStore } from "./memory_store.ts";
import { once } from "./once.ts";
import { prometheus } from "./prometheus.ts";
import { randomFail } from "./random_fail.ts";
import { throttle } from "./throttle.ts";

const down = new Error("down");

/** A store that notes for how long it is asked to keep what. */
function spyingStore() {
  const inner = memoryStore();
  const asked = { claims: [] as number[], extensions: [] as number[], ttls: [] as number[] };
  const store: Store = {
    claim(key, lease) {
      asked.claims.push(lease);
      return inner.claim(key, lease);
    },
    extend(key, claim, lease) {
      asked.extensions.push(lease);
      return inner.extend(key, claim, lease);
    },
    done(key, claim, ttl) {
      asked.ttls.push(ttl);
      return inner.done(key, claim, ttl);
    },
    release: (key, claim) => inner.release(key, claim),
  };
  return { store, asked };
}

describe("what is done once", () => {
  type Act = (store: Store, work: () => Promise<void>) => unknown;
  const acts: [name: string, act: Act][] = [
    ["deduplicate()", (store, work) => deduplicate({ store })(work)(single())],
    ["once()", (store, work) => once(store, "a", work)],
  ];
  for (const [name, act] of acts) {
    it(`is claimed for 30 s, prolonged after half of that, and known for a day, by ${name}`, () =>
      withFakeTime(async (time) => {
        const { store, asked } = spyingStore();
        const end = Promise.withResolvers<void>();
        const done = act(store, () => end.promise);
        await time.tickAsync(14_999);
        assertEquals([asked.claims, asked.extensions], [[30_000], []]);
        await time.tickAsync(1);
        assertEquals(asked.extensions, [30_000]);
        end.resolve();
        await done;
        assertEquals([asked.claims.length, asked.ttls], [1, [86_400_000]]);
      }));
  }

  it("is kept for 65 536 keys in memory", async () => {
    const store = memoryStore();
    for (let key = 0; key < 65_536; key++) await store.claim(`${key}`, 600_000);
    assertEquals(store.size, 65_536);
    const text = "the store is full: capacity is 65536 keys";
    await assertRejects(() => store.claim("one more", 600_000), RangeError, text);
  });
});

/** A circuit breaker around what fails as it is told. */
class Dependency {
  #fails = false;
  readonly #handle = circuitBreaker()(() => {
    if (this.#fails) throw down;
  });

  /** Has calls end well, then others fail; all of them must go through. */
  async take(ok: number, failing: number): Promise<void> {
    this.#fails = false;
    for (let i = 0; i < ok; i++) await this.#handle(single());
    this.#fails = true;
    for (let i = 0; i < failing; i++) assertStrictEquals(await this.failure(), down);
  }

  failure(): Promise<unknown> {
    return failureOf(() => this.#handle(single()));
  }
}

describe("a circuit breaker", () => {
  it("opens when half of the calls fail, and not before", () =>
    withFakeTime(async () => {
      const half = new Dependency();
      await half.take(3, 3);
      assertInstanceOf(await half.failure(), CircuitOpenError);
      const fewer = new Dependency();
      await fewer.take(4, 3);
      assertStrictEquals(await fewer.failure(), down);
    }));

  it("counts the calls of 10 s, of which there must be 5", () =>
    withFakeTime(async (time) => {
      const late = new Dependency();
      await late.take(0, 1);
      time.tick(10_000);
      await late.take(0, 4);
      assertStrictEquals(await late.failure(), down);
      const inTime = new Dependency();
      await inTime.take(0, 1);
      time.tick(9_999);
      await inTime.take(0, 4);
      assertInstanceOf(await inTime.failure(), CircuitOpenError);
    }));
});

describe("a throttle", () => {
  it("counts calls a second, none of them at once", () =>
    withFakeTime(async (time) => {
      let calls = 0;
      const handle = throttle({ limit: 1 })(() => void calls++);
      const done = [handle(single()), handle(single())];
      await time.tickAsync(999);
      assertEquals(calls, 1);
      await time.tickAsync(1);
      assertEquals(calls, 2);
      await Promise.all(done);
    }));
});

describe("metrics", () => {
  it("are asked for lags for 5 s", () =>
    withFakeTime(async (time) => {
      const mute = { name: "mute", lag: () => new Promise<never>(() => {}) };
      let text: string | undefined;
      const scraped = prometheus().scrape([mute]).then((scraped) => text = scraped);
      await time.tickAsync(4_999);
      assertEquals(text, undefined);
      await time.tickAsync(1);
      await scraped;
    }));

  it("know no dead letters but of a publisher that is said to have them", async () => {
    const metrics = prometheus();
    const publish = () => Promise.resolve();
    const out = metrics.publisher({ publish, close: publish } as unknown as Publisher);
    await out.publish("dead", new Message("", { metadata: { dlq_handler: "bill" } }));
    assert(metrics.text().includes("publish_time_seconds"));
    assertEquals(metrics.text().includes("dlq_total{"), false);
  });
});

describe("failures at random", () => {
  it("have another seed each time", async () => {
    const errors = Array.from({ length: 3 }, () => {
      return failureOf(() => randomFail({ probability: 1 })(failing())(single()));
    });
    const texts = (await Promise.all(errors)).map((error) => {
      assertInstanceOf(error, Error);
      return error.message;
    });
    assert(new Set(texts).size > 1, texts[0]);
  });
});
