import { describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";
import { Message } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import { redisTransport } from "./mod.ts";
import { withService } from "../../tests/_services/mod.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  describe("redisTransport()", () => {
    it("brings what is published to a group, and keeps its position", async () => {
      const transport = redisTransport({ url });
      const out = publisher(transport);
      const orders = subscriber(transport);
      const topic = `orders-${crypto.randomUUID()}`;
      await out.publish(topic, new Message("one", { key: "a", metadata: { tenant: "ä" } }));
      const stream = await orders.subscribe(topic, { group: "all", from: "earliest" });
      for await (const message of stream) {
        assertEquals(message.text(), "one");
        assertEquals(message.key, "a");
        assertEquals(message.metadata.get("tenant"), "ä");
        message.ack();
        break;
      }
      await orders.close();
      await out.publish(topic, new Message("two"));
      const later = subscriber(transport);
      for await (const message of await later.subscribe(topic, { group: "all" })) {
        assertEquals(message.text(), "two");
        message.ack();
        break;
      }
      await later.close();
      await out.close();
      await transport.close();
    });
  });
});
