import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { Tool } from "../../tests/_services/tool.ts";
import { redisPubSub } from "./mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

const tool = Tool.find("redis-cli");

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);
  const cli = (...words: string[]) => tool!.run("-u", url, ...words);
  const onTool = tool === undefined ? it.skip : it;
  const time = new Date(1_700_000_000_000);

  describe("redis-cli", () => {
    onTool(
      "reads what is published here, as the table of the README has it",
      test(async (place) => {
        const out = publisher(place.transport());
        const message = new Message("paid", {
          ...{ uuid: "u-1", key: "order-7", timestamp: time },
          metadata: { tenant: "north" },
        });
        await out.publish(place.topic, message);
        await out.close();
        const [, ...fields] = await cli("XRANGE", place.topic, "-", "+");
        assertEquals(fields, [
          ...["id", "u-1", "time", String(time.getTime()), "key", "order-7"],
          ...["headers", '[["tenant","north"]]', "payload", "paid"],
        ]);
      }),
    );

    onTool(
      "reads each header as a field of its own where it is published so",
      test(async (place) => {
        const out = publisher(place.transport({ layout: "direct" }));
        const metadata = { tenant: "north" };
        await out.publish(
          place.topic,
          new Message("paid", { uuid: "u-1", timestamp: time, metadata }),
        );
        await out.close();
        const [, ...fields] = await cli("XRANGE", place.topic, "-", "+");
        assertEquals(fields, [
          ...["_id", "u-1", "_time", String(time.getTime())],
          ...["tenant", "north", "payload", "paid"],
        ]);
      }),
    );

    onTool(
      "writes what is read here: fields are metadata, the id is the place in the stream",
      test(async (place) => {
        const { topic } = place;
        const [entry] = await cli("XADD", topic, "*", "payload", "paid", "tenant", "north");
        const came = Promise.withResolvers<Message>();
        const reader = await consume(place.transport(), ([message]) => came.resolve(message!), {
          topic,
          from: "earliest",
        });
        const { uuid, metadata, key } = await came.promise;
        assertEquals([uuid, key], [`${topic}//${entry}`, ""]);
        assertEquals([...metadata], [["tenant", "north"]]);
        assertEquals((await came.promise).text(), "paid");
        await reader.close();
      }),
    );

    onTool(
      "publishes what is read here by Pub/Sub",
      test(async (place) => {
        const transport = redisPubSub({ url });
        place.opened(() => transport.close());
        const came = Promise.withResolvers<string>();
        const reader = await consume(transport, ([message]) => came.resolve(message!.text()), {
          topic: place.topic,
        });
        assertEquals(await cli("PUBLISH", place.topic, "paid"), ["1"]);
        assertEquals(await came.promise, "paid");
        await reader.close();
      }),
    );
  });
});
