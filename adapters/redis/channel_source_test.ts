import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { consume } from "@beat/beat/transport";
import { Proxy } from "../../tests/faults/proxy.ts";
import { withService } from "../../tests/_services/mod.ts";
import { redisPubSub } from "./mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** Milliseconds that the server may take for an answer. */
const TIMEOUT = 400;

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** Connections that are subscribed to the topic. */
  async function subscribersOf({ redis, topic }: Workplace): Promise<number> {
    const [, count] = await redis.pubsub("NUMSUB", topic) as [string, number];
    return count;
  }

  describe("A subscriber of a channel", () => {
    it(
      "keeps its connection while its handlers take longer than an answer may",
      test(async (place) => {
        const { redis, topic } = place;
        const transport = redisPubSub({ url, timeout: TIMEOUT });
        place.opened(() => transport.close());
        const texts: string[] = [];
        const kinds: string[] = [];
        const began = Promise.withResolvers<void>();
        const release = Promise.withResolvers<void>();
        const done = Promise.withResolvers<void>();
        const consumption = await consume(transport, async ([message]) => {
          texts.push(message!.text());
          began.resolve();
          await release.promise;
          if (texts.length === 4) done.resolve();
        }, { topic, prefetch: 1, onConnection: ({ kind }) => kinds.push(kind) });
        place.opened(() => consumption.close());
        for (const text of ["one", "two", "three", "four"]) await redis.publish(topic, text);
        await began.promise;
        // The server tells the time: three answers could have come by now.
        await redis.xread("BLOCK", 3 * TIMEOUT, "STREAMS", `{${topic}}:clock`, "$");
        release.resolve();
        await done.promise;
        assertEquals(texts, ["one", "two", "three", "four"]);
        assertEquals(kinds, ["connected"]);
      }),
    );

    it(
      "subscribes again when its connection broke while it had no room",
      test(async (place) => {
        const { redis, topic } = place;
        const proxy = await Proxy.open(url);
        place.opened(() => proxy.close());
        const transport = redisPubSub({ url: proxy.url, timeout: TIMEOUT });
        place.opened(() => transport.close());
        const began = Promise.withResolvers<void>();
        const release = Promise.withResolvers<void>();
        const came = Promise.withResolvers<void>();
        const consumption = await consume(transport, async ([message]) => {
          if (message!.text() === "after") return came.resolve();
          began.resolve();
          await release.promise;
        }, { topic, prefetch: 1, reconnect: { initialDelay: 1, maxDelay: 20 } });
        place.opened(() => consumption.close());
        await redis.publish(topic, "before");
        await began.promise;
        // Nobody asks for anything now: what was asked before has been answered.
        while (/cmd=xread/.test(await blocked(place)));
        // The connection for commands breaks with that of the subscriber, and says so.
        assertEquals((await transport.health()).ok, true);
        const lost = new Promise<void>((resolve) => {
          transport.onConnection(({ kind }) => kind === "lost" && resolve());
        });
        proxy.cut();
        await lost;
        while (await subscribersOf(place) > 0);
        release.resolve();
        while (await subscribersOf(place) === 0);
        await redis.publish(topic, "after");
        await came.promise;
      }),
    );
  });

  /** The connections that wait for something, as the server lists them. */
  async function blocked({ redis }: Workplace): Promise<string> {
    const list = String(await redis.client("LIST"));
    return list.split("\n").filter((line) => /flags=\S*b/.test(line)).join("\n");
  }
});
