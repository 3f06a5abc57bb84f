import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message, PublishError } from "@beat/beat/message";
import { consume, publisher, subscriber } from "@beat/beat/transport";
import { Redis } from "ioredis";
import { Proxy } from "../../tests/faults/proxy.ts";
import { withService } from "../../tests/_services/mod.ts";
import { redisPublisher, redisPubSub, redisSubscriber, redisTransport } from "./mod.ts";
import { take, TestHost, textOf, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

describe("redisTransport()", () => {
  const url = "redis://127.0.0.1:6379";

  it("refuses options that are malformed, unknown or missing", () => {
    const wrong = [
      [{}, TypeError, "one of 'url' and 'client' must be given"],
      [{ url, client: new Redis({ lazyConnect: true }) }, TypeError, "one of 'url' and 'client'"],
      [{ url: "http://127.0.0.1" }, RangeError, "'url'"],
      [{ client: {} }, TypeError, "'client'"],
      [{ client: { duplicate() {}, isCluster: true } }, TypeError, "for one server"],
      [{ url, lease: 10 }, RangeError, "'lease'"],
      [{ url, partitions: 0 }, RangeError, "'partitions'"],
      [{ url, layout: "flat" }, RangeError, "'layout'"],
      [{ url, group: "all" }, TypeError, "'group'"],
    ] as const;
    for (const [options, type, text] of wrong) {
      assertThrows(() => redisTransport(options as never), type, text);
    }
    assertThrows(() => redisPubSub({ url, lease: 1_000 } as never), TypeError, "'lease'");
  });

  it("keeps the order of keys in a group as far as its topics have partitions", () => {
    assertEquals(redisTransport({ url }).traits.keyOrder, "member");
    assertEquals(redisTransport({ url, partitions: 2 }).traits.keyOrder, "group");
  });
});

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("redisTransport() with a server", () => {
    it(
      "refuses the order of keys in a group for a topic without partitions",
      test(async (place) => {
        await place.publish(place.transport(), ["one"]);
        const transport = place.transport({ partitions: 4 });
        await assertRejects(
          () => place.source(transport, place.spec({ ordered: true })),
          RangeError,
          "needs a topic with partitions: it has 1",
        );
      }),
    );

    it(
      "neither closes nor blocks the client of a user, and leaves no connection behind",
      test(async (place) => {
        const client = new Redis(url, { keyPrefix: "app:" });
        const count = async () => (await client.client("LIST") as string).trim().split("\n").length;
        const before = await count();
        const transport = place.transport({ client });
        await place.publish(transport, ["one"]);
        const source = await place.source(transport);
        await take(source, 1);
        const never = new AbortController();
        const waiting = source.fetch!(1, () => false, never.signal);
        assertEquals(await client.ping(), "PONG");
        never.abort();
        await waiting;
        await source.close();
        await transport.close();
        assertEquals(client.status, "ready");
        while (await count() > before);
        await client.quit();
      }),
    );

    it(
      "ends the connections of its consumers when it is closed before them",
      test(async (place) => {
        const transport = place.transport();
        const names = async () => String(await place.redis.client("LIST")).match(/cmd=\w+/g)!;
        const source = await transport.source(place.spec(), new TestHost());
        const reading = source.fetch!(1, () => false, new AbortController().signal);
        const rejected = assertRejects(() => reading);
        while (!(await names()).includes("cmd=xreadgroup"));
        await transport.close();
        await rejected;
        while ((await names()).includes("cmd=xreadgroup"));
      }),
    );

    it(
      "goes on when the stream is deleted under it, and takes what was published since",
      test(async (place) => {
        const transport = place.transport();
        const out = publisher(transport);
        const texts: string[] = [];
        const came = new Map<string, () => void>();
        const arrival = (text: string) => new Promise<void>((resolve) => came.set(text, resolve));
        const events: string[] = [];
        const consumption = await consume(transport, ([message]) => {
          texts.push(message!.text());
          came.get(message!.text())?.();
        }, {
          topic: place.topic,
          group: "all",
          reconnect: { initialDelay: 1 },
          onConnection: ({ kind }) => events.push(kind),
        });
        const [first, second] = [arrival("one"), arrival("two")];
        await out.publish(place.topic, new Message("one"));
        await first;
        // Within a millisecond the next stream would give its first entry the id that was read.
        await place.untilLater();
        await place.redis.del(place.topic);
        await out.publish(place.topic, new Message("two"));
        await second;
        assertEquals(texts, ["one", "two"]);
        assertEquals(events.includes("lost") && events.includes("recovered"), true);
        await consumption.close();
        await out.close();
      }),
    );

    it(
      "reads what others write, and they read what it writes",
      test(async (place) => {
        const transport = place.transport({ layout: "direct" });
        const id = await place.redis.xadd(place.topic, "*", "payload", "hello", "tenant", "a");
        const source = await place.source(transport);
        const { rec } = (await take(source, 1))[0]!;
        assertEquals(rec.id, `${place.topic}//${id}`);
        assertEquals(rec.headers, [["tenant", "a"]]);
        assertEquals(textOf(rec), "hello");
        const out = publisher(transport);
        await out.publish(
          place.topic,
          new Message("there", { key: "k", metadata: { tenant: "b" } }),
        );
        const [, [, fields]] = await place.redis.xrange(place.topic, "-", "+") as [
          unknown,
          [string, string[]],
        ];
        const text = fields.join(" ");
        assertEquals(/^_id \S+ _time \d+ _key k tenant b payload there$/.test(text), true, text);
        await out.close();
      }),
    );

    it(
      "tells what the server refused from what nobody knows",
      test(async (place) => {
        await place.redis.set(place.topic, "no stream");
        const out = publisher(place.transport());
        const error = await assertRejects(
          () => out.publish(place.topic, new Message("one")),
          PublishError,
        );
        assertEquals(error.failed.map(({ outcome }) => outcome), ["rejected"]);
        await out.close();
      }),
    );

    it(
      "names what is too large, and what of its key comes after it, and stores the rest",
      test(async (place) => {
        const transport = place.transport({ maxPayload: 8 });
        const out = publisher(transport);
        const messages = [
          new Message("large enough", { key: "a" }),
          new Message("small", { key: "a" }),
          new Message("other", { key: "b" }),
          new Message("none"),
        ];
        const error = await assertRejects(() => out.publish(place.topic, messages), PublishError);
        assertEquals(error.failed.map(({ index, outcome }) => ({ index, outcome })), [
          { index: 0, outcome: "rejected" },
          { index: 1, outcome: "not-attempted" },
        ]);
        assertEquals((await transport.peek!(place.topic, 9)).map(textOf), ["other", "none"]);
        await out.close();
      }),
    );

    it(
      "has nothing of a topic that is not there, and does not make it by peeking",
      test(async (place) => {
        const transport = place.transport({ partitions: 4 });
        assertEquals(await transport.peek!(place.topic, 9), []);
        assertEquals(await place.redis.keys(`*${place.topic}*`), []);
        await place.publish(transport, ["one", "two"]);
        const texts = (await transport.peek!(place.topic, Infinity)).map(textOf);
        assertEquals(texts.sort(), ["one", "two"]);
      }),
    );

    it(
      "reads from a time on, and a reader leaves nothing behind",
      test(async (place) => {
        const transport = place.transport();
        await place.redis.xadd(place.topic, "1000-0", "payload", "early");
        await place.redis.xadd(place.topic, "2000-0", "payload", "late");
        const topic = place.topic;
        const spec = { topic, from: new Date(2_000), prefetch: 16, ordered: false };
        const reader = await transport.source(spec, new TestHost());
        assertEquals(textsOf(await take(reader, 1)), ["late"]);
        await reader.close();
        assertEquals(await place.redis.xinfo("GROUPS", topic), []);
      }),
    );

    it(
      "says whether the server answers",
      test(async (place) => {
        const transport = place.transport();
        assertEquals((await transport.health()).ok, true);
        const { ok, cause } = await transport.health({ signal: AbortSignal.abort("enough") });
        assertEquals({ ok, cause }, { ok: false, cause: "enough" });
        const away = redisTransport({ url: "redis://127.0.0.1:1" });
        const health = await away.health();
        assertEquals(health.ok, false);
        assertEquals((health.cause as { code?: string }).code, "ECONNREFUSED");
        await away.close();
      }),
    );

    it(
      "tells of connections that are made and lost",
      test(async () => {
        const proxy = await Proxy.open(url);
        const transport = redisTransport({ url: proxy.url });
        const events: string[] = [];
        const lost = Promise.withResolvers<void>();
        transport.onConnection(({ kind }) => {
          events.push(kind);
          if (kind === "lost") lost.resolve();
        });
        await transport.health();
        proxy.cut();
        await lost.promise;
        await transport.health();
        assertEquals(events, ["connected", "lost", "recovered"]);
        await transport.close();
        await proxy.close();
      }),
    );
  });

  describe("redisPublisher() and redisSubscriber()", () => {
    it(
      "work by themselves, and close what they have opened",
      test(async ({ topic }) => {
        const out = redisPublisher({ url });
        const orders = redisSubscriber({ url });
        const stream = await orders.subscribe(topic, { group: "billing" });
        await out.publish(topic, Message.json({ total: 12 }, { metadata: { tenant: "a" } }));
        for await (const message of stream) {
          assertEquals(message.json(), { total: 12 });
          assertEquals(message.metadata.get("tenant"), "a");
          message.ack();
          break;
        }
        await orders.close();
        await out.close();
      }),
    );
  });

  describe("redisPubSub()", () => {
    it(
      "reads what others publish, and names it by its topic",
      test(async ({ topic, redis }) => {
        const transport = redisPubSub({ url });
        const prices = subscriber(transport);
        const stream = await prices.subscribe(topic);
        await redis.publish(topic, "42");
        for await (const message of stream) {
          assertEquals(message.text(), "42");
          assertEquals(message.uuid.startsWith(`${topic}//`), true);
          message.ack();
          break;
        }
        await prices.close();
        await transport.close();
      }),
    );
  });
});
