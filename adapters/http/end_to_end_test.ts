import { Message, PublishError } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { consume } from "./testdata/requests.ts";
import { closeAll, listening, LOCAL, opened, publisher } from "./testdata/sockets.ts";
import { webhookPublisher } from "./webhook_publisher.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

afterEach(closeAll);

describe("a webhook from end to end", () => {
  const metadata = {
    tenant: "a b",
    traceId: "7",
    "content-type": "text/plain",
    empty: "",
    A: "1",
    a: "2",
  };
  const messages = [
    new Message("hello", { key: "caf\u00e9", metadata, timestamp: new Date(1_700_000_000_123) }),
    new Message(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
    new Message(""),
    new Message(new Uint8Array(1_048_576).fill(7), { uuid: "with.dots/and spaces ü" }),
  ];

  it("keeps everything in plain requests", async () => {
    const { url, delivered } = await listening();
    const hooks = publisher(url);
    for (const message of messages) await hooks.publish("orders", message);
    for (const [at, sent] of messages.entries()) {
      const received = delivered[at]!;
      assertEquals([received.uuid, received.key], [sent.uuid, sent.key]);
      assertEquals([...received.metadata].sort(), [...sent.metadata].sort());
      assertEquals(received.timestamp, sent.timestamp);
      assert(received.payload.length === sent.payload.length);
      assert(received.payload.every((byte, index) => byte === sent.payload[index]));
    }
  });

  for (
    const mode of ["cloudevents-binary", "cloudevents-structured", "cloudevents-batch"] as const
  ) {
    it(`keeps everything in ${mode}`, async () => {
      const { url, delivered } = await listening({ batch: true });
      const hooks = publisher(url, { mode, source: "/shop" });
      const sent = Array.from({ length: 250 }, (_, at) =>
        Message.json({ at }, {
          key: "k",
          metadata: { correlation_id: `${at}`, "content-type": "application/json" },
        }));
      const binary = new Message(Uint8Array.of(0, 255), { key: "k" });
      await hooks.publish("orders", [...sent, binary]);
      assertEquals(delivered.map(({ uuid }) => uuid), [...sent, binary].map(({ uuid }) => uuid));
      assertEquals(delivered[7]!.json(), { at: 7 });
      assertEquals(delivered[7]!.metadata.get("correlation_id"), "7");
      assertEquals([delivered[7]!.key, delivered[7]!.timestamp], ["k", sent[7]!.timestamp]);
      assertEquals([...delivered.at(-1)!.payload], [0, 255]);
    });
  }

  it("keeps the order of a key, one request after the other", async () => {
    const { url, delivered } = await listening();
    const hooks = publisher(url);
    const sent = Array.from(
      { length: 60 },
      (_, at) => new Message(String(at), { key: `k${at % 3}` }),
    );
    await Promise.all(sent.map((message) => hooks.publish("orders", message)));
    for (const key of ["k0", "k1", "k2"]) {
      const texts = (list: Message[]) => list.filter((m) => m.key === key).map((m) => m.text());
      assertEquals(texts(delivered), texts(sent));
    }
  });

  it("is not taken for another batch that begins alike", async () => {
    const { url, delivered } = await listening({ batch: true });
    const hooks = publisher(url, { mode: "cloudevents-batch", source: "/shop" });
    const [a, b, c] = ["a", "b", "c"].map((uuid) => new Message("", { uuid }));
    await hooks.publish("orders", [a!, b!]);
    await hooks.publish("orders", [a!, c!]);
    await hooks.publish("orders", [a!, c!]);
    assertEquals(delivered.map(({ uuid }) => uuid), ["a", "b", "a", "c"]);
  });

  it("goes without signature where both sides say so", async () => {
    const hooks = webhookSubscriber({ unsigned: true });
    opened.push(() => hooks.close());
    const seen: string[] = [];
    await consume(hooks, "orders", (message) => {
      seen.push(message.uuid);
      message.ack();
    });
    const { url } = await hooks.listen();
    const open = webhookPublisher({ url, unsigned: true, ...LOCAL });
    opened.push(() => open.close());
    await open.publish("orders", new Message("", { uuid: "a.b" }));
    assertEquals(seen, ["a.b"]);
  });

  it("is tried again after a nack, within the same call", async () => {
    const { url, delivered } = await listening({}, (message) => {
      if (message.attempt === 1) message.nack({ delay: 0 });
      else message.ack();
    });
    await publisher(url).publish("orders", new Message("hello"));
    assertEquals(delivered.map(({ attempt }) => attempt), [1, 2]);
  });

  it("fails alone when it does not fit into its format", async () => {
    const { url, delivered } = await listening({ batch: true });
    for (const mode of ["cloudevents-batch", "cloudevents-binary"] as const) {
      const hooks = publisher(url, { mode, source: "/shop" });
      const bad = new Message("", { metadata: { "no.extension": "" } });
      const call = hooks.publish("orders", [new Message("1"), bad, new Message("2")]);
      const { failed } = await assertRejects(() => call, PublishError);
      assertEquals(failed.map(({ index, outcome }) => [index, outcome]), [[1, "rejected"]]);
    }
    assertEquals(delivered.length, 4);
  });

  it("is not sent with a time that its receiver would refuse", async () => {
    const { url, delivered } = await listening();
    const late = new Message("", { timestamp: new Date(Date.UTC(10_000, 0, 1)) });
    const { failed } = await assertRejects(
      () => publisher(url).publish("orders", late),
      PublishError,
    );
    const { cause, outcome } = failed[0]!;
    assertEquals(outcome, "rejected");
    assertEquals(
      (cause as Error).message,
      "Cannot write a webhook as 'timestamp' must be in the years 0000 to 9999: current value is " +
        "+010000-01-01T00:00:00.000Z",
    );
    assertEquals(delivered, []);
  });
});
