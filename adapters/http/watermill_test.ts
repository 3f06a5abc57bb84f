import { watermill } from "@beat/beat/marshal";
import { Message, PublishError } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { serve } from "./listen.ts";
import { webhookTransport } from "./webhook_transport.ts";

const codec = watermill({ binding: "http" });
const LOCAL = { unsigned: true, insecureHttp: true, allow: ["127.0.0.1/32"] };

describe("services on Watermill", () => {
  it("get the headers that watermill-http reads", async () => {
    const seen: [uuid: string | null, metadata: string | null, body: string][] = [];
    const { url, close } = await serve(async (request) => {
      const { headers } = request;
      const body = await request.text();
      seen.push([headers.get("Message-Uuid"), headers.get("Message-Metadata"), body]);
      return new Response(null, { status: 200 });
    });
    const hooks = publisher(webhookTransport({ ...LOCAL, url, mode: "headers" }), {
      codec,
      closeTransport: true,
    });
    const message = new Message("hello", { uuid: "7", metadata: { tenant: "caf\u00e9" } });
    await hooks.publish("orders", message);
    assertEquals(seen, [["7", '{"tenant":"caf\\u00e9"}', "hello"]]);
    await hooks.close();
    await close();
  });

  it("send what is understood here", async () => {
    const transport = webhookTransport({
      unsigned: true,
      headers: ["Message-Uuid", "Message-Metadata"],
    });
    const orders = await subscriber(transport).subscribe("orders", { codec });
    const answer = transport.fetch(
      new Request("http://receiver.test/orders", {
        method: "POST",
        headers: { "Message-Uuid": "7", "Message-Metadata": '{"tenant":"a"}' },
        body: new TextEncoder().encode("hello"),
      }),
    );
    for await (const message of orders) {
      assertEquals([message.uuid, message.text()], ["7", "hello"]);
      assertEquals([...message.metadata], [["tenant", "a"]]);
      message.ack();
      break;
    }
    assertEquals((await answer).status, 204);
    await transport.close();
  });

  it("get no header that belongs to the connection", async () => {
    const transport = webhookTransport({ ...LOCAL, url: "http://127.0.0.1:1", mode: "headers" });
    const hooks = publisher(transport, { closeTransport: true });
    for (const name of ["Host", "content-length", "Webhook-Id", "Authorization"]) {
      const message = new Message("", { metadata: { [name]: "x" } });
      const error = await assertRejects(() => hooks.publish("orders", message), PublishError);
      assertEquals(error.failed[0]!.cause instanceof RangeError, true, name);
    }
    await hooks.close();
  });
});
