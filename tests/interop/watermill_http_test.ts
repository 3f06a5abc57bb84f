/**
 * Services in Go on watermill-http and ours read each other.
 */
import { watermill } from "@beat/beat/marshal";
import { Message } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import { webhookTransport } from "@beat/http";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { consumeAsGo, payloadOf, preparePeer, publishAsGo } from "./_peer.ts";

const COUNT = 50;
const codec = watermill({ binding: "http" });

const isPrepared = await preparePeer();

describe("services in Go on Watermill, over HTTP", () => {
  if (!isPrepared) return it.skip("skipped as Go is not installed", () => {});

  it("read what we publish", async () => {
    const { ready, messages } = consumeAsGo("http", "http://127.0.0.1:0", "orders", COUNT);
    const local = { unsigned: true, insecureHttp: true, allow: ["127.0.0.1/32"] };
    const transport = webhookTransport({ ...local, url: await ready, mode: "headers" });
    const out = publisher(transport, { codec, closeTransport: true });
    const metadata = { tenant: "Zürich", number: "7", sign: '"\\ \u{1f40e}', empty: "" };
    const sent = Array.from(
      { length: COUNT },
      (_, at) =>
        new Message(payloadOf(at), { uuid: `ts-${at}`, metadata: at === 0 ? {} : metadata }),
    );
    await out.publish("orders", sent);
    const found = (await messages).toSorted((a, b) =>
      Number(a.uuid.slice(3)) - Number(b.uuid.slice(3))
    );
    assertEquals(
      found,
      sent.map(({ uuid, metadata, payload }) => ({
        uuid,
        metadata: Object.fromEntries(metadata),
        payload,
      })),
    );
    await out.close();
  });

  it("are read", async () => {
    const transport = webhookTransport({
      unsigned: true,
      headers: ["Message-Uuid", "Message-Metadata"],
    });
    const hooks = subscriber(transport, { codec, closeTransport: true });
    const stream = await hooks.subscribe("orders");
    const { url } = await transport.listen();
    const published = publishAsGo("http", url, "orders", COUNT);
    const found: Message[] = [];
    for await (const message of stream) {
      message.ack();
      if (found.push(message) === COUNT) break;
    }
    // It publishes one after the other, and each is acked by its answer.
    await published;
    assertEquals(found.map(({ uuid }) => uuid), found.map((_, at) => `go-${at}`));
    assertEquals(found.map(({ payload }) => payload), found.map((_, at) => payloadOf(at)));
    assertEquals(
      found.map(({ metadata }) => Object.fromEntries(metadata)),
      found.map((_, at) => ({ tenant: "Zürich", number: String(at) })),
    );
    await hooks.close();
  });

  it("hear of what we do not handle", async () => {
    const transport = webhookTransport({ unsigned: true, headers: ["Message-Uuid"] });
    const hooks = subscriber(transport, { codec, closeTransport: true });
    const stream = await hooks.subscribe("orders");
    const { url } = await transport.listen();
    const published = publishAsGo("http", url, "orders", 1).then(() => "", String);
    for await (const message of stream) {
      message.nack();
      break;
    }
    assertEquals((await published).includes("503 Service Unavailable"), true);
    await hooks.close();
  });
});
