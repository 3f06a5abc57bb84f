import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { Child } from "../../tests/faults/child.ts";
import { readKeyOrder } from "../../tests/faults/key_order.ts";
import { Proxy } from "../../tests/faults/proxy.ts";
import { faultsOfRestart } from "../../tests/faults/restart.ts";
import { faultsOfSlowness } from "../../tests/faults/slow.ts";
import { withService } from "../../tests/_services/mod.ts";
import { textOf } from "../../tests/_services/test_host.ts";
import { redisPubSub, redisTransport } from "./mod.ts";
import { joinGroup, PARTITIONS } from "./testdata/logging_member.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** Longer than a busy machine may stop: who stands still for longer may be late with what it does. */
const LEASE = 4_000;

/** What has the same faults, by whatever it consumes. */
const KINDS = [
  ["Redis Streams", (url: string) => redisTransport({ url }), { group: "all" }],
  ["Redis Pub/Sub", (url: string) => redisPubSub({ url }), {}],
] as const;

withService("redis", "BEAT_REDIS_URL", ({ url, renew }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("Redis Streams, when something fails", () => {
    it(
      "deliver again what was handled when the ack is lost on its way",
      test(async (place) => {
        const proxy = await Proxy.open(url);
        const { topic } = place;
        const counts: number[] = [];
        const again = Promise.withResolvers<void>();
        const transport = redisTransport({ url: proxy.url, timeout: 300 });
        let thaw = () => {};
        const consumption = await consume(transport, ([message]) => {
          counts.push(message!.attempt);
          if (counts.length === 1) thaw = proxy.freeze();
          else again.resolve();
        }, {
          topic,
          group: "all",
          reconnect: { initialDelay: 1 },
          onConnection({ kind }) {
            if (kind !== "lost") return;
            // The ack is in the cable that breaks.
            proxy.cut();
            thaw();
          },
        });
        await place.publish(place.transport(), ["one"]);
        await again.promise;
        assertEquals(counts, [1, 2]);
        await consumption.close();
        await transport.close();
        await proxy.close();
      }),
    );

    it(
      "deliver again what a process had that was killed, as a second attempt",
      test(async (place) => {
        const { topic } = place;
        await place.publish(place.transport(), ["one"]);
        const script = new URL("./testdata/hanging_consumer.ts", import.meta.url);
        const child = new Child(script, [url, topic, "400"]);
        await child.says("attempt 1");
        await child.kill();
        const attempts = await new Promise<number>((resolve) => {
          void consume(place.transport(), ([message]) => resolve(message!.attempt), {
            topic,
            group: "all",
          }).then((consumption) => place.opened(() => consumption.close()));
        });
        assertEquals(attempts, 2);
      }),
    );

    it(
      "keep the order of each key in a group of two processes, one of which is killed",
      test(async (place) => {
        const { topic } = place;
        const redis = place.transport();
        const log = `${topic}.log`;
        await redis.admin.create(topic, { partitions: PARTITIONS });
        await redis.admin.create(log);
        const keys = Array.from({ length: 16 }, (_, at) => `key-${at}`);
        const out = publisher(redis);
        const publish = async (from: number, to: number) => {
          for (let round = from; round < to; round++) {
            await out.publish(topic, keys.map((key) => new Message(String(round), { key })));
          }
        };
        const script = new URL("./testdata/logging_process.ts", import.meta.url);
        const child = new Child(script, [url, topic, log, String(LEASE), "24"]);
        place.opened(() => child.kill());
        await publish(0, 6);
        // It has what it will never settle.
        await child.says("handled 25;");
        const joining = joinGroup({ url, topic, log, lease: LEASE });
        await publish(6, 12);
        await child.kill();
        const { consumption, transport } = await joining;
        place.opened(() => transport.close());
        const orderNow = async () => {
          const handled = await redis.peek!(log, 1_000);
          return readKeyOrder(handled.map((rec) => [rec.key, Number(textOf(rec))] as const));
        };
        let order = await orderNow();
        while (keys.some((key) => order.last.get(key) !== 11)) order = await orderNow();
        assertEquals(order.faults, []);
        await consumption.close();
        await out.close();
      }),
    );

    it(
      "go on where a reader was when its connection broke",
      test(async (place) => {
        const proxy = await Proxy.open(url);
        const { topic } = place;
        const transport = redisTransport({ url: proxy.url });
        const texts: string[] = [];
        const finished = Promise.withResolvers<void>();
        await place.publish(place.transport(), ["one", "two"]);
        const consumption = await consume(transport, async ([message]) => {
          texts.push(message!.text());
          if (texts.length === 2) {
            proxy.cut();
            await place.publish(place.transport(), ["three"]);
          }
          if (message!.text() === "three") finished.resolve();
        }, { topic, from: "earliest", reconnect: { initialDelay: 1 } });
        await finished.promise;
        // What was handled when the connection broke is settled or not; nothing before it comes again.
        assertEquals(texts.filter((text) => text === "one").length, 1);
        assertEquals([...new Set(texts)], ["one", "two", "three"]);
        await consumption.close();
        await transport.close();
        await proxy.close();
      }),
    );

    it(
      "keep a message for a handler that takes longer than the lease",
      test(async (place) => {
        const { topic } = place;
        const options = { topic, group: "all", from: "earliest" } as const;
        const release = Promise.withResolvers<void>();
        let calls = 0;
        const handle = async () => {
          calls++;
          await release.promise;
        };
        await place.publish(place.transport(), ["one"]);
        const lease = 100;
        const one = await consume(place.transport({ lease }), handle, options);
        const other = await consume(place.transport({ lease }), handle, options);
        // The time of three leases, by the books of the server: prolonged, and still of the first.
        for (let beats = 0, last = 0; beats < 6;) {
          const [pending] = await place.redis.xpending(topic, "all", "-", "+", 1) as unknown[][];
          const idle = Number(pending?.[2] ?? 0);
          if (idle < last) beats++;
          last = idle;
        }
        assertEquals(calls, 1);
        release.resolve();
        await one.close();
        await other.close();
        const [left] = await place.redis.xpending(topic, "all") as unknown[];
        assertEquals(left, 0);
      }),
    );

    it(
      "say that nothing was stored while there is no server, and nothing of what broke on its way",
      test(async (place) => {
        const proxy = await Proxy.open(url);
        const transport = redisTransport({ url: proxy.url, timeout: 200 });
        const out = publisher(transport);
        await out.publish(place.topic, new Message("one"));
        const thaw = proxy.freeze();
        const unknown = await assertRejects(
          () => out.publish(place.topic, new Message("two")),
          PublishError,
        );
        assertEquals(unknown.failed[0]!.outcome, "unknown");
        thaw();
        await out.publish(place.topic, new Message("three"));
        const lost = new Promise<void>((resolve) => {
          transport.onConnection(({ kind }) => kind === "lost" && resolve());
        });
        await proxy.close();
        await lost;
        const rejected = await assertRejects(
          () => out.publish(place.topic, new Message("four")),
          PublishError,
        );
        assertEquals(rejected.failed[0]!.outcome, "rejected");
        await out.close();
        await transport.close();
      }),
    );

    it(
      "lose nothing and keep the order of keys by a slow network",
      test(async (place) => {
        const proxy = await Proxy.open(url);
        proxy.slowDown(20);
        const transport = redisTransport({ url: proxy.url });
        assertEquals(await faultsOfSlowness({ transport, topic: place.topic }), []);
        await transport.close();
        await proxy.close();
      }),
    );

    const onOurs = renew === undefined ? it.skip : it;
    onOurs(
      "lose nothing when their server is restarted in good order, idle or busy",
      test(async (place) => {
        const transport = place.transport();
        const { topic } = place;
        const faults = await faultsOfRestart({ transport, topic, restart: renew! });
        assertEquals(faults, []);
      }),
    );
  });

  for (const [name, open, group] of KINDS) {
    describe(`${name}, when something fails`, () => {
      it(
        "tells of a user who may not connect any more, and waits longer and longer for him",
        test(async (place) => {
          const user = `user-${place.topic}`;
          await place.redis.call("ACL", "SETUSER", user, "on", ">secret", "~*", "&*", "+@all");
          const where = new URL(url);
          where.username = user;
          where.password = "secret";
          const transport = open(where.href);
          const causes: string[] = [];
          const thrice = Promise.withResolvers<void>();
          const consumption = await consume(transport, () => {}, {
            topic: place.topic,
            ...group,
            reconnect: { initialDelay: 1, maxDelay: 20 },
            onConnection({ kind, cause }) {
              if (kind !== "lost") return;
              causes.push(String(cause));
              if (causes.length === 3) thrice.resolve();
            },
          });
          // It ends the connections of the user, too.
          await place.redis.call("ACL", "DELUSER", user);
          await thrice.promise;
          assertEquals(causes.some((cause) => cause.includes("WRONGPASS")), true);
          await consumption.close();
          await transport.close();
        }),
      );

      it(
        "ends in its time when it is closed while its server does not answer",
        test(async (place) => {
          const proxy = await Proxy.open(url);
          const transport = open(proxy.url);
          const { topic } = place;
          const consumption = await consume(transport, () => {}, { topic, ...group });
          proxy.freeze();
          // Its server cannot be told, and it is closed all the same.
          await consumption.close({ timeout: 100 }).catch(() => {});
          await transport.close();
          await proxy.close();
        }),
      );

      it(
        "ends at once when it is closed while it connects again",
        test(async (place) => {
          const proxy = await Proxy.open(url);
          const transport = open(proxy.url);
          const lost = Promise.withResolvers<void>();
          const consumption = await consume(transport, () => {}, {
            topic: place.topic,
            ...group,
            reconnect: { initialDelay: 60_000, maxDelay: 60_000 },
            onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
          });
          await proxy.close();
          await lost.promise;
          await consumption.close();
          await transport.close();
          await assertRejects(
            () => consume(transport, () => {}, { topic: place.topic }),
            ClosedError,
          );
        }),
      );
    });
  }

  describe("Redis Pub/Sub, when something fails", () => {
    it(
      "goes on with what is published when its connection is back, and has nothing of the time between",
      test(async (place) => {
        const { topic } = place;
        const proxy = await Proxy.open(url);
        const transport = redisPubSub({ url: proxy.url });
        const texts: string[] = [];
        const came = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const lost = Promise.withResolvers<void>();
        const back = Promise.withResolvers<void>();
        const consumption = await consume(transport, ([message]) => {
          texts.push(message!.text());
          came[texts.length - 1]!.resolve();
        }, {
          topic,
          reconnect: { initialDelay: 1 },
          onConnection({ kind }) {
            if (kind === "lost") lost.resolve();
            if (kind === "recovered") back.resolve();
          },
        });
        await place.redis.publish(topic, "before");
        await came[0]!.promise;
        const thaw = proxy.freeze();
        proxy.cut();
        await lost.promise;
        await place.redis.publish(topic, "between");
        thaw();
        await back.promise;
        await place.redis.publish(topic, "after");
        await came[1]!.promise;
        assertEquals(texts, ["before", "after"]);
        await consumption.close();
        await transport.close();
        await proxy.close();
      }),
    );
  });
});
