import { Message, PublishError } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("a publish that the server refuses", () => {
    it(
      "is told as rejected, and the topic is looked up again by the next",
      test(async (place) => {
        const out = publisher(await place.open());
        await out.publish(place.topic, new Message("one"));
        const other = place.transport();
        await other.admin.remove(place.topic);
        await other.admin.create(place.topic, { partitions: 2 });
        const error = await assertRejects(
          () => out.publish(place.topic, new Message("two")),
          PublishError,
        );
        assertEquals(error.failed.map(({ index, outcome }) => [index, outcome]), [[0, "rejected"]]);
        await out.publish(place.topic, [new Message("three"), new Message("four")]);
        const recs = await other.peek(place.topic, 9);
        const texts = recs.map(({ payload }) => new TextDecoder().decode(payload));
        assertEquals(texts.sort(), ["four", "three"]);
        await out.close();
      }),
    );
  });
});
