import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Delivery } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { BlockingReader } from "./blocking_reader.ts";
import { openChannel } from "./channel_source.ts";
import { Connection } from "./connection.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** Entries of one node of a stream, by the default of the server: it trims whole ones. */
const NODE = 100;

/** Milliseconds after which a connection that says nothing is given up, and with it the test. */
const PATIENCE = 20_000;

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("a topic", () => {
    it(
      "loses with the next message what is older than 'retentionMs', and nothing younger",
      test(async (place) => {
        const transport = place.transport();
        await transport.admin.create(place.topic, { retentionMs: 3_600_000 });
        const adding = place.redis.pipeline();
        for (let at = 1; at <= 3 * NODE; at++) {
          adding.xadd(place.topic, `${at}-0`, "payload", "old");
        }
        await adding.exec();
        const texts = Array.from({ length: 3 * NODE }, (_, at) => `young ${at}`);
        await place.publish(transport, texts);
        const left = await place.redis.xrange(place.topic, "-", "+");
        const old = left.filter(([id]) => parseInt(id) <= 3 * NODE);
        assert(old.length < NODE, `${old.length} old ones were kept`);
        assertEquals(left.length - old.length, texts.length);
      }),
    );

    it(
      "that was made without limits keeps all that is published",
      test(async (place) => {
        const transport = place.transport();
        await transport.admin.create(place.topic);
        await place.publish(transport, Array.from({ length: 20 * NODE }, (_, at) => String(at)));
        assertEquals(await place.redis.xlen(place.topic), 20 * NODE);
      }),
    );
  });

  describe("openChannel()", () => {
    const open = async (place: Workplace, host: TestHost) => {
      const connection = new Connection(place.redis, PATIENCE);
      const commands = new Connection(place.redis, PATIENCE);
      for (const one of [connection, commands]) place.opened(() => one.close());
      const reader = new BlockingReader(connection, commands);
      await reader.open();
      const { topic } = place;
      const source = await openChannel({
        ...{ topic, channel: topic, connection, reader, host },
        block: PATIENCE,
      });
      const stream = connection.client.stream as unknown as { isPaused(): boolean };
      return { source, stream };
    };

    it(
      "has the server wait while there is no room, and goes on in order when there is",
      test(async (place) => {
        const host = new FullHost();
        const { stream } = await open(place, host);
        assertEquals(stream.isPaused(), false);
        // In one piece: what comes with the first has to wait as well.
        const publishing = place.redis.pipeline();
        for (let at = 0; at < 10; at++) publishing.publish(place.topic, String(at));
        await publishing.exec();
        for (let count = 1; count <= 10; count++) {
          await host.next();
          assertEquals([host.admitted.length, stream.isPaused()], [count, true]);
          host.makeRoom();
        }
        await place.redis.publish(place.topic, "last");
        await host.next();
        assertEquals(textsOf(host.admitted), [..."0123456789", "last"]);
      }),
    );

    it(
      "ends a read that waits when there is no room, and has the server wait then",
      test(async (place) => {
        const host = new FullHost();
        const { source, stream } = await open(place, host);
        const fetching = source.fetch!(1, () => false, new AbortController().signal);
        while (!/ flags=\S*b\S* .*cmd=xread /.test(await place.redis.client("LIST") as string));
        await place.redis.publish(place.topic, "one");
        await host.next();
        assertEquals(await fetching, []);
        assertEquals(stream.isPaused(), true);
        host.makeRoom();
        await place.redis.publish(place.topic, "two");
        await host.next();
        assertEquals(textsOf(host.admitted), ["one", "two"]);
      }),
    );
  });
});

/** Has room for one delivery at a time. */
class FullHost extends TestHost {
  #seen = 0;
  #arrived = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();

  override admit(delivery: Delivery): Promise<void> {
    super.admit(delivery);
    this.#arrived.resolve();
    return this.#room.promise;
  }

  /** Resolves when one more has come. */
  async next(): Promise<void> {
    this.#seen++;
    while (this.admitted.length < this.#seen) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }

  makeRoom(): void {
    const { resolve } = this.#room;
    this.#room = Promise.withResolvers();
    resolve();
  }
}
