import { Message } from "@beat/beat/message";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloudEvent, HTTP } from "cloudevents";
import { serve } from "./listen.ts";
import { consume } from "./testdata/requests.ts";
import { webhookPublisher } from "./webhook_publisher.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

type Sdk = CloudEvent<unknown>;

/** What the reference SDK reads in the requests that we send. */
async function readBySdk(
  mode: "cloudevents-binary" | "cloudevents-structured" | "cloudevents-batch",
  messages: Message[],
  onUnmappable?: "error" | "drop",
): Promise<Sdk[]> {
  const events: Sdk[] = [];
  const listener = await serve(async (request) => {
    const body = await request.text();
    const read = HTTP.toEvent<unknown>({ headers: Object.fromEntries(request.headers), body });
    events.push(...(Array.isArray(read) ? read : [read]) as Sdk[]);
    return new Response(null, { status: 204 });
  });
  const local = { insecureHttp: true, allow: ["127.0.0.1/32"] };
  const hooks = webhookPublisher({
    url: listener.url,
    unsigned: true,
    mode,
    source: "/shop",
    ...onUnmappable && { onUnmappable },
    ...local,
  });
  try {
    await hooks.publish("orders.paid", messages);
  } finally {
    await hooks.close();
    await listener.close();
  }
  return events;
}

/** What we read in a request of the reference SDK. */
async function readByUs(requests: { headers: Record<string, unknown>; body: unknown }[]) {
  const hooks = webhookSubscriber({ unsigned: true, batch: true });
  const delivered: Message[] = [];
  await consume(hooks, "orders", (message) => {
    delivered.push(message);
    message.ack();
  });
  for (const { headers, body } of requests) {
    const response = await hooks.fetch(
      new Request("http://receiver.test/orders", {
        method: "POST",
        headers: headers as Record<string, string>,
        body: body as string,
      }),
    );
    assertEquals(response.status, 204, await response.text());
  }
  await hooks.close();
  return delivered;
}

describe("the reference SDK of CloudEvents", () => {
  it("gets an event without the metadata that cannot be part of it, or none, as 'onUnmappable' says", async () => {
    const message = new Message("{}", { metadata: { tenant_id: "a", region: "b" } });
    const [event] = await readBySdk("cloudevents-binary", [message], "drop");
    assertEquals([event!["region"], event!["tenant_id"], event!["tenantid"]], [
      "b",
      undefined,
      undefined,
    ]);
    for (const told of ["error", undefined] as const) {
      const text = "metadata 'tenant_id' must have a name of letters and digits";
      await assertRejects(() => readBySdk("cloudevents-binary", [message], told), Error, text);
    }
  });

  for (
    const mode of ["cloudevents-binary", "cloudevents-structured", "cloudevents-batch"] as const
  ) {
    it(`reads what we send as ${mode}`, async () => {
      const metadata = { "content-type": "application/json", tenant: "a b", "ce-subject": "no 7%" };
      const timestamp = new Date(1_700_000_000_123);
      const sent = Message.json({ total: 12, name: "caf\u00e9" }, {
        key: "k",
        metadata,
        timestamp,
      });
      const [event] = await readBySdk(mode, [sent]);
      assertEquals([event!.id, event!.type, event!.source], [sent.uuid, "orders.paid", "/shop"]);
      // The SDK leaves the percent-encoding of headers to its users.
      const read = (value: unknown) =>
        mode === "cloudevents-binary" ? decodeURIComponent(String(value)) : value;
      assertEquals([read(event!.subject), read(event!.tenant)], ["no 7%", "a b"]);
      assertEquals(event!.partitionkey, "k");
      assertEquals(new Date(event!.time!), timestamp);
      assertEquals(event!.data, { total: 12, name: "caf\u00e9" });
    });
  }

  it("writes what we read: binary, structured, batch", async () => {
    const event = new CloudEvent({
      id: "e1",
      source: "/sdk",
      type: "paid",
      subject: "no 7%",
      datacontenttype: "application/json",
      partitionkey: "k",
      data: { total: 12 },
    });
    const delivered = await readByUs([
      HTTP.binary(event),
      HTTP.structured(event.cloneWith({ id: "e2" })),
      {
        headers: { "content-type": "application/cloudevents-batch+json" },
        body: JSON.stringify([event, event]),
      },
    ]);
    assertEquals(delivered.map(({ uuid }) => uuid), ["e1", "e2", "e1", "e1"]);
    for (const message of delivered) {
      assertEquals([message.key, message.json()], ["k", { total: 12 }]);
      assertEquals(message.metadata.get("ce-source"), "/sdk");
      assertEquals(message.metadata.get("ce-type"), "paid");
    }
    assertEquals(delivered[1]!.metadata.get("ce-subject"), "no 7%");
  });
});
