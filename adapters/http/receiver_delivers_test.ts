import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BATCH, chunked, EVENT, receiver, STRUCTURED } from "./testdata/receiver.ts";
import { SECRET } from "./testdata/requests.ts";

describe("a webhook receiver delivers", () => {
  it("a plain webhook: id from the signature, bytes as they are", async () => {
    const { delivered, send, close } = await receiver();
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    assertEquals((await send({ id: "msg_7", body })).status, 204);
    const [message] = delivered;
    assertEquals([message!.uuid, message!.payload, message!.key], ["msg_7", body, ""]);
    assertEquals([message!.metadata.size, message!.attempt], [0, 1]);
    assertEquals([message!.origin!.transport, message!.origin!.topic], ["http", "orders"]);
    await close();
  });

  it("an empty body, and one in many chunks", async () => {
    const { delivered, send, close } = await receiver();
    assertEquals((await send({ body: "" })).status, 204);
    const chunks = Array.from({ length: 5_000 }, (_, at) => String(at % 10));
    const signed = chunks.join("");
    assertEquals((await send({ body: chunked(chunks), signed })).status, 204);
    assertEquals(delivered.map((message) => message.text()), ["", signed]);
    await close();
  });

  it("headers of a plain webhook", async () => {
    const { delivered, send, close } = await receiver();
    const headers = {
      "beat-key": "caf%C3%A9",
      "beat-timestamp": "2026-01-02T03:04:05.678Z",
      "beat-meta-tenant": "a%20b",
      "beat-meta-trace%49d": "7",
      "beat-meta-__proto__": "x",
      "beat-uuid": "not-signed",
    };
    await send({ id: "a%2Eb", headers });
    const { uuid, key, timestamp, metadata } = delivered[0]!;
    assertEquals([uuid, key, timestamp.toISOString()], ["a.b", "café", "2026-01-02T03:04:05.678Z"]);
    assertEquals(Object.fromEntries([...metadata].sort()).tenant, "a b");
    assertEquals([...metadata.keys()].sort(), ["__proto__", "tenant", "traceId"]);
    await close();
  });

  it("an id that is no encoding of ours as it is", async () => {
    const { delivered, send, close } = await receiver();
    const ids = ["msg_%FF", "100%", "%zz"];
    for (const id of ids) assertEquals((await send({ id })).status, 204);
    assertEquals(delivered.map(({ uuid }) => uuid), ids);
    await close();
  });

  it("CloudEvents: binary, structured, and in a batch", async () => {
    const { delivered, send, close } = await receiver({ batch: true });
    const binary = {
      "ce-specversion": "1.0",
      "ce-id": "b1",
      "ce-source": "/shop",
      "ce-type": "paid",
      "ce-subject": "no%207",
      "ce-partitionkey": "k",
    };
    assertEquals((await send({ headers: binary, body: '{"total":1}' })).status, 204);
    assertEquals((await send({ headers: STRUCTURED, body: JSON.stringify(EVENT) })).status, 204);
    const events = Array.from({ length: 100 }, (_, at) => ({ ...EVENT, id: `x${at}` }));
    assertEquals((await send({ headers: BATCH, body: JSON.stringify(events) })).status, 204);
    assertEquals((await send({ headers: BATCH, body: "[]" })).status, 204);
    assertEquals(delivered.length, 102);
    assertEquals([delivered[0]!.uuid, delivered[0]!.key], ["b1", "k"]);
    assertEquals(delivered[0]!.metadata.get("ce-subject"), "no 7");
    assertEquals(delivered[1]!.json(), { total: 1 });
    assertEquals(delivered.at(-1)!.uuid, "x99");
    await close();
  });

  it("JSON with __proto__ without harm", async () => {
    const { delivered, send, close } = await receiver();
    const body = JSON.stringify(EVENT).replace('{"total"', '{"__proto__":{"polluted":1},"total"');
    assertEquals((await send({ headers: STRUCTURED, body })).status, 204);
    assertEquals(delivered[0]!.text(), '{"__proto__":{"polluted":1},"total":1}');
    const attribute = body.replace('"id"', '"__proto__":{"polluted":1},"id"');
    assertEquals((await send({ headers: STRUCTURED, body: attribute })).status, 400);
    assertEquals(Reflect.get({}, "polluted"), undefined);
    await close();
  });

  it("by the last segment of any path, or by what 'topicOf' says", async () => {
    const { send, close } = await receiver();
    assertEquals((await send({ path: "/api/v1/%6frders?x=1" })).status, 204);
    await close();
    const events = await receiver({ topicOf: ({ metadata }) => metadata.get("ce-type") ?? "none" });
    const body = JSON.stringify({ ...EVENT, type: "orders" });
    assertEquals((await events.send({ path: "/in", headers: STRUCTURED, body })).status, 204);
    assertEquals((await events.send({ path: "/orders" })).status, 404);
    await events.close();
  });

  it("what is signed by any of its secrets, and by a sender with a clock a little off", async () => {
    const other = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
    const { send, close } = await receiver({ secrets: [SECRET, other] });
    assertEquals((await send({ secret: other })).status, 204);
    assertEquals((await send({ ahead: -240_000 })).status, 204);
    assertEquals((await send({ ahead: 240_000 })).status, 204);
    await close();
  });

  it("unsigned webhooks if it was told to", async () => {
    const { delivered, send, close } = await receiver({ unsigned: true });
    assertEquals((await send({ secret: undefined })).status, 204);
    assertEquals((await send({ secret: undefined, headers: { "beat-uuid": "7" } })).status, 204);
    assertEquals((await send({ secret: undefined, headers: { "beat-uuid": "7" } })).status, 204);
    assertEquals(delivered.length, 2);
    assertEquals(delivered[1]!.uuid, "7");
    await close();
  });

  it("what has no id each time that it comes, as another message", async () => {
    const { delivered, send, close } = await receiver({ unsigned: true });
    for (let times = 0; times < 3; times++) {
      assertEquals((await send({ secret: undefined, body: "the same" })).status, 204);
    }
    assertEquals(new Set(delivered.map(({ uuid }) => uuid)).size, 3);
    assertEquals(delivered.map(({ attempt }) => attempt), [1, 1, 1]);
    // The header of Standard Webhooks is an id, signed or not.
    const headers = { "webhook-id": "msg_7" };
    for (let times = 0; times < 2; times++) await send({ secret: undefined, headers });
    assertEquals(delivered.slice(3).map(({ uuid }) => uuid), ["msg_7"]);
    await close();
  });

  it("unsigned events of two sources that gave the same id, and each of them once", async () => {
    const { delivered, send, close } = await receiver({ unsigned: true, batch: true });
    const event = (source: string) => ({ ...EVENT, source });
    const one = (source: string) =>
      send({ secret: undefined, headers: STRUCTURED, body: JSON.stringify(event(source)) });
    const both = () => {
      const body = JSON.stringify([event("/shop-c"), event("/shop-d")]);
      return send({ secret: undefined, headers: BATCH, body });
    };
    for (const source of ["/shop-a", "/shop-b", "/shop-a"]) {
      assertEquals((await one(source)).status, 204);
    }
    for (let times = 0; times < 2; times++) assertEquals((await both()).status, 204);
    const sources = delivered.map(({ metadata }) => metadata.get("ce-source"));
    assertEquals(sources, ["/shop-a", "/shop-b", "/shop-c", "/shop-d"]);
    await close();
  });

  it("the attempts of an event apart from those of another source", async () => {
    const { delivered, send, close } = await receiver({ unsigned: true }, (one) => one.nack());
    for (const source of ["/shop-a", "/shop-b", "/shop-a"]) {
      const body = JSON.stringify({ ...EVENT, source });
      assertEquals((await send({ secret: undefined, headers: STRUCTURED, body })).status, 503);
    }
    assertEquals(delivered.map(({ attempt }) => attempt), [1, 1, 2]);
    await close();
  });
});
