/** What goes one after the other, and what the end of a publisher leaves of its requests. */
import { fields, Message, type Rec } from "@beat/beat/message";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { WebhookPublisherOptions } from "./options.ts";
import { planTransport } from "./plans.ts";
import { answering, closeAll, LOCAL, opened } from "./testdata/sockets.ts";
import { WebhookSink } from "./webhook_sink.ts";

afterEach(closeAll);

function sinkTo(url: string, options: Partial<WebhookPublisherOptions> = {}): WebhookSink {
  const plan = planTransport({ url, unsigned: true, ...LOCAL, ...options }, "publisher");
  return new WebhookSink(plan.send!);
}

function record(uuid: string, key = ""): Rec {
  return fields.encode(new Message("", { uuid, key }), { topic: "orders" });
}

describe("the lane of a webhook", () => {
  const sink = sinkTo("https://hooks.example.com");

  it("is one of its own where there is no key: many are under way", () => {
    assertNotEquals(sink.lane("orders", record("a")), sink.lane("orders", record("b")));
  });

  it("is that of its key and its path, one request after the other", () => {
    const lane = sink.lane("orders", record("a", "k"));
    assertEquals(sink.lane("orders", record("b", "k")), lane);
    for (const other of [["orders", "l"], ["bills", "k"]] as const) {
      assertNotEquals(sink.lane(other[0], record("a", other[1])), lane);
    }
  });

  it("is its path where there are batches, whatever the key", () => {
    const batches = sinkTo("https://hooks.example.com", {
      mode: "cloudevents-batch",
      source: "/shop",
    });
    const lane = batches.lane("orders", record("a"));
    assertEquals(batches.lane("orders", record("b", "k")), lane);
    assertNotEquals(batches.lane("bills", record("a")), lane);
  });
});

describe("the end of a sink", () => {
  it("breaks off what is under way, of which nobody knows what became", async () => {
    const asked = Promise.withResolvers<void>();
    const { url } = await answering(["never"], () => asked.resolve());
    const sink = sinkTo(url, { timeout: 60_000 });
    const rec = record("a");
    const sending = sink.send("#a", [{ topic: "orders", rec, identity: "orders:a" }]);
    await asked.promise;
    await sink.close();
    const [failure] = await sending;
    assertEquals(failure?.outcome, "unknown");
    assert(String((failure?.cause as Error).cause).includes("The publisher was closed"));
  });

  it("closes the connections that it kept", async () => {
    const isClosed = Promise.withResolvers<void>();
    // It leaves closing to the sender.
    const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
      response.end();
    });
    server.on("connection", (socket: Socket) => socket.on("close", () => isClosed.resolve()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    opened.push(() =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })
    );
    const sink = sinkTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const rec = record("a");
    const sent = await sink.send("#a", [{ topic: "orders", rec, identity: "orders:a" }]);
    assertEquals(sent, [undefined]);
    await sink.close();
    await isClosed.promise;
  });
});
