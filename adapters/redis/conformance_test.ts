import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import type { Traits } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { redisTransport } from "./mod.ts";

const LEASE = 2_000;

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
  const restarting = restart === undefined ? {} : { restartBroker: restart };

  describe("Redis Streams", () => {
    conformance({
      test: it,
      connect: () => redisTransport({ url, lease: LEASE }),
      traits: TRAITS,
      ...restarting,
      short,
    });
  });

  describe("Redis Streams in partitions", () => {
    conformance({
      test: it,
      connect: () => redisTransport({ url, lease: LEASE, partitions: 4 }),
      traits: { ...TRAITS, keyOrder: "group" },
      ...restarting,
      short,
    });
  });
});
