import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("Redis Streams, when their server does not store", () => {
    it(
      "refuse what is published while it is full, and go on when there is room",
      test(async (place) => {
        const transport = place.transport();
        const out = publisher(transport);
        await out.publish(place.topic, new Message("one"));
        const [, limit] = await place.redis.config("GET", "maxmemory") as string[];
        await place.redis.config("SET", "maxmemory", "1");
        try {
          const error = await assertRejects(
            () => out.publish(place.topic, new Message("two")),
            PublishError,
          );
          assertEquals(error.failed[0]!.outcome, "rejected");
          assertEquals(String(error.failed[0]!.cause).includes("OOM"), true);
        } finally {
          await place.redis.config("SET", "maxmemory", limit!);
        }
        await out.publish(place.topic, new Message("three"));
        assertEquals(await place.redis.xlen(place.topic), 2);
        await out.close();
      }),
    );

    it(
      "refuse what is published while it is a replica, and go on when it is none",
      test(async (place) => {
        const { redis, topic } = place;
        const transport = place.transport();
        const came = Promise.withResolvers<void>();
        const refused = Promise.withResolvers<void>();
        const consumption = await consume(transport, ([message]) => {
          if (message!.text() === "three") came.resolve();
        }, {
          ...{ topic, group: "all" },
          reconnect: { initialDelay: 1, maxDelay: 20 },
          onConnection({ kind, cause }) {
            if (kind === "lost" && String(cause).includes("READONLY")) refused.resolve();
          },
        });
        place.opened(() => consumption.close());
        const out = publisher(transport);
        await out.publish(topic, new Message("one"));
        // Nobody is at that port: it goes on with what it has.
        await redis.replicaof("127.0.0.1", 1);
        try {
          const error = await assertRejects(
            () => out.publish(topic, new Message("two")),
            PublishError,
          );
          assertEquals(error.failed[0]!.outcome, "rejected");
          assertEquals(String(error.failed[0]!.cause).includes("READONLY"), true);
          await refused.promise;
        } finally {
          await redis.replicaof("NO", "ONE");
        }
        await out.publish(topic, new Message("three"));
        await came.promise;
        assertEquals(await redis.xlen(topic), 2);
        await out.close();
      }),
    );
  });
});
