import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { take, TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { isBefore } from "./position.ts";
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
