import { describe, it } from "@std/testing/bdd";
import { Redis } from "ioredis";
import { conformance } from "@beat/beat/testing";
import type { Traits } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { Proxy } from "../../tests/faults/proxy.ts";
import { ConformanceRun } from "../../tests/_services/conformance_run.ts";
import { redisPubSub, redisTransport } from "./mod.ts";

const LEASE = 2_000;
const TIMEOUT = 1_500;
const MAX_PAYLOAD = 2 ** 20;

const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: LEASE,
  counts: true,
  retained: true,
  groups: true,
  keyOrder: "member",
};

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

withService("redis", "BEAT_REDIS_URL", ({ url, restart }) => {
  // A server of somebody else is not restarted: to the suite it is as if it could not be.
  const restarting = restart === undefined ? { inProcess: true } : { restartBroker: restart };
  const remove = async (topics: readonly string[]) => {
    const transport = redisTransport({ url });
    for (const topic of topics) await transport.admin.remove(topic);
    await transport.close();
    // Its log has all that was ever written, until it is written anew.
    const redis = new Redis(url);
    await redis.bgrewriteaof().catch(() => {});
    await redis.quit();
  };

  describe("Redis Streams", () => {
    const run = new ConformanceRun(it);
    const opening = Proxy.open(url);
    conformance({
      test: run.test,
      async connect() {
        const { url: nearby } = await opening;
        const options = { lease: LEASE, timeout: TIMEOUT, maxPayload: MAX_PAYLOAD };
        return redisTransport({ url: nearby, ...options });
      },
      async freezeNetwork() {
        const thaw = (await opening).freeze();
        return () => Promise.resolve(thaw());
      },
      maxPayload: MAX_PAYLOAD,
      traits: TRAITS,
      topic: run.topics(remove),
      ...restarting,
      short,
    });
  });

  // The keys of a stream, and who has it, are the same to all runtimes.
  if (!short) {
    describe("Redis Streams in partitions", () => {
      const run = new ConformanceRun(it);
      conformance({
        test: run.test,
        connect: () => redisTransport({ url, lease: LEASE, partitions: 4 }),
        traits: { ...TRAITS, keyOrder: "group" },
        topic: run.topics(remove),
        ...restarting,
        short,
      });
    });
  }

  describe("Redis Pub/Sub", () => {
    const opening = Proxy.open(url);
    conformance({
      test: new ConformanceRun(it).test,
      async connect() {
        const { url: nearby } = await opening;
        return redisPubSub({ url: nearby, timeout: TIMEOUT, maxPayload: MAX_PAYLOAD });
      },
      async freezeNetwork() {
        const thaw = (await opening).freeze();
        return () => Promise.resolve(thaw());
      },
      maxPayload: MAX_PAYLOAD,
      traits: {
        settle: "none",
        requeue: "engine",
        lease: 0,
        counts: false,
        retained: false,
        groups: false,
        keyOrder: "member",
      },
      // What a client does when its server goes is the same for both.
      ...(short ? { inProcess: true } : restarting),
      short,
    });
  });
});
