import type { Delivery, Source } from "@beat/beat/transport";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { take, TestHost, textOf, textsOf } from "../../tests/_services/test_host.ts";
import { isBefore } from "./stream_state.ts";
import { workplace } from "./testdata/workplace.ts";

/** The id of an entry that a server has written whose clock was ahead. */
const AHEAD = "9999999999999-7";

describe("isBefore()", () => {
  it("compares times, then numbers, and not their digits", () => {
    assertEquals(isBefore("9-1", "10-0"), true);
    assertEquals(isBefore("10-2", "10-10"), true);
    assertEquals(isBefore("10-18446744073709551615", "10-18446744073709551615"), false);
    assertEquals(isBefore("11-0", "10-18446744073709551615"), false);
  });
});

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  describe("A source that is made anew", () => {
    for (const group of ["all", undefined]) {
      const name = group === undefined ? "a reader" : "a member of a group";
      it(
        `has all of a stream that was made anew, by a clock that was set back: ${name}`,
        workplace(url, async (place) => {
          const transport = place.transport();
          const { group: _, ...alone } = place.spec();
          const spec = group === undefined ? alone : place.spec();
          await place.redis.xadd(place.topic, AHEAD, "payload", "before");
          const first = await place.source(transport, spec);
          const taken = await take(first, 1);
          await first.ack(taken);
          await first.close();
          await place.redis.del(place.topic);
          await place.publish(transport, ["after"]);
          const second = await place.source(transport, spec);
          assertEquals(textsOf(await take(second, 1)), ["after"]);
        }),
      );

      it(
        `goes on where it has been in a stream that lacks its end: ${name}`,
        workplace(url, async (place) => {
          const transport = place.transport();
          const { group: _, ...alone } = place.spec();
          const spec = group === undefined ? alone : place.spec();
          const ids = Array.from({ length: 200 }, (_, at) => `${1_000 + at}-0`);
          const write = async (...own: readonly string[]) => {
            for (const id of own) await place.redis.xadd(place.topic, id, "payload", id);
          };
          await write(...ids);
          const first = await place.source(transport, spec);
          for (const _ of ids) await first.ack(await take(first, 1));
          await first.close();
          // What a replica has that was three entries behind when it became the server.
          await place.redis.del(place.topic);
          await write(...ids.slice(0, -3));
          const second = await place.source(transport, spec);
          await write("1198-5");
          await second.ack(await take(second, 1));
          await second.close();
          const third = await place.source(transport, spec);
          await write("2000-0");
          assertEquals(textsOf(await take(third, 1)), ["2000-0"]);
          // One that was long behind has little of what the consumer remembers.
          await third.close();
          await place.redis.del(place.topic);
          await write(...ids.slice(0, 100));
          const fourth = await place.source(transport, spec);
          await write("1100-5");
          const texts = textsOf(await takeUntil(fourth, "1100-5"));
          assert(texts.length < 40, `${texts.length} of 101 came again`);
        }),
      );

      it(
        `has what was written instead of the end that it has read, by a clock that was set back: ${name}`,
        workplace(url, async (place) => {
          const transport = place.transport();
          const { group: _, ...alone } = place.spec();
          const spec = group === undefined ? alone : place.spec();
          const ids = ["1000-0", "1001-0", "1002-0", "1003-0"];
          const write = async (...own: readonly string[]) => {
            for (const id of own) await place.redis.xadd(place.topic, id, "payload", id);
          };
          await write(...ids);
          const first = await place.source(transport, spec);
          for (const _ of ids) await first.ack(await take(first, 1));
          await first.close();
          // A replica that was two entries behind, whose clock was behind, too, and has come past by now.
          await place.redis.del(place.topic);
          await write("1000-0", "1001-0", "1002-5", "1004-0");
          const second = await place.source(transport, spec);
          assertEquals(textsOf(await take(second, 2)), ["1002-5", "1004-0"]);
        }),
      );

      it(
        `goes on where it was when what it has read last was deleted or trimmed: ${name}`,
        workplace(url, async (place) => {
          const transport = place.transport();
          const { group: _, ...alone } = place.spec();
          const spec = group === undefined ? alone : place.spec();
          const ids = ["1000-0", "1001-0", "1002-0"];
          for (const id of ids) await place.redis.xadd(place.topic, id, "payload", id);
          const first = await place.source(transport, spec);
          for (const _ of ids) await first.ack(await take(first, 1));
          await first.close();
          await place.redis.xdel(place.topic, "1002-0");
          await place.redis.xadd(place.topic, "1003-0", "payload", "1003-0");
          const second = await place.source(transport, spec);
          await second.ack(await take(second, 1));
          await second.close();
          await place.redis.xtrim(place.topic, "MAXLEN", 0);
          await place.redis.xadd(place.topic, "1004-0", "payload", "1004-0");
          const third = await place.source(transport, spec);
          assertEquals(textsOf(await take(third, 1)), ["1004-0"]);
        }),
      );

      it(
        `goes on where it was in a stream that only grew: ${name}`,
        workplace(url, async (place) => {
          const transport = place.transport();
          const { group: _, ...alone } = place.spec();
          const spec = group === undefined ? alone : place.spec();
          await place.publish(transport, ["one", "two"]);
          const first = await place.source(transport, spec);
          await first.ack(await take(first, 2));
          await first.close();
          await place.publish(transport, ["three"]);
          const second = await place.source(transport, spec);
          assertEquals(textsOf(await take(second, 1)), ["three"]);
        }),
      );
    }

    it(
      "begins at a time that is still to come, though the stream ends before it",
      workplace(url, async (place) => {
        const transport = place.transport();
        const { topic } = place;
        await place.redis.xadd(topic, "1000-0", "payload", "early");
        const spec = { topic, from: new Date(2_000), prefetch: 16, ordered: false };
        await (await transport.source(spec, new TestHost())).close();
        const again = await place.source(transport, spec);
        await place.redis.xadd(topic, "3000-0", "payload", "late");
        assertEquals(textsOf(await take(again, 1)), ["late"]);
      }),
    );
  });
});

/** Takes until a text has come. */
async function takeUntil(source: Source, text: string): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  do taken.push(...await take(source, 1)); while (textOf(taken.at(-1)!.rec) !== text);
  return taken;
}
