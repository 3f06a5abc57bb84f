import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore } from "./mod.ts";

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  describe("natsCore", () => {
    it("drops what is more than may wait, and tells of each", async () => {
      const dropped: string[] = [];
      const nats = natsCore({
        servers: url,
        pending: 2,
        onDropped: ({ topic }) => dropped.push(topic),
      });
      const topic = `facts.${crypto.randomUUID()}`;
      const go = Promise.withResolvers<void>();
      const last = Promise.withResolvers<void>();
      let handled = 0;
      const consumption = await consume(nats, async () => {
        await go.promise;
        if (++handled === 3) last.resolve();
      }, { topic, prefetch: 1 });
      const messages = Array.from({ length: 8 }, (_, at) => new Message(String(at)));
      await publisher(nats).publish(topic, messages);
      await nats.health();
      go.resolve();
      await last.promise;
      assertEquals(dropped, new Array(5).fill(topic));
      await consumption.close();
      await nats.close();
    });

    it("refuses a payload that the server would close the connection over", async () => {
      const nats = natsCore({ servers: url });
      const out = publisher(nats);
      const large = new Message(new Uint8Array(2 ** 20));
      const error = await assertRejects(() => out.publish("facts.large", large), PublishError);
      assertEquals(error.failed[0]!.outcome, "rejected");
      await out.publish("facts.large", new Message("small"));
      await nats.close();
    });
  });
});
