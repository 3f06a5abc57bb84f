import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import { EndpointCircuitOpenError, RefusedAddressError, type WebhookError } from "./errors.ts";
import { posting } from "./testdata/posting.ts";
import { webhookTransport } from "./webhook_transport.ts";

describe("a webhook publisher that is told nothing", () => {
  it("has 16 requests under way, each with one message", () => {
    const { limits } = webhookTransport({ url: "https://x.example", unsigned: true }).sink();
    assertEquals(limits, { batch: 1, bytes: Infinity, lanes: 16 });
  });

  it("puts at most 100 events and 512 KiB into a batch, where that was asked for", () => {
    const mode = "cloudevents-batch";
    const options = { url: "https://x.example", unsigned: true, mode, source: "/shop" } as const;
    const { limits } = webhookTransport(options).sink();
    assertEquals(limits, { batch: 100, bytes: 524_288, lanes: 16 });
  });

  it("sends to https only, and to no address that is special", () => {
    const create = (url: string) => webhookTransport({ url, unsigned: true });
    assertThrows(() => create("http://x.example"), RangeError, "begin with https");
    assertThrows(() => create("https://127.0.0.1"), RefusedAddressError);
    create("https://x.example");
  });

  it("spares an endpoint where half of its requests fail, and not before", () =>
    withFakeTime(async () => {
      const [half, fewer] = [posting(), posting()];
      half.answers = [...Array(10).fill(204), 501];
      for (let request = 0; request < 20; request++) await half.deliver();
      assertInstanceOf((await half.deliver())?.cause, EndpointCircuitOpenError);
      fewer.answers = [...Array(11).fill(204), 501];
      for (let request = 0; request < 20; request++) await fewer.deliver();
      assertEquals(((await fewer.deliver())?.cause as WebhookError).status, 501);
    }));

  it("counts the requests of a minute", () =>
    withFakeTime(async (time) => {
      const endpoint = posting();
      endpoint.answers = [501];
      await endpoint.deliver();
      time.tick(59_999);
      for (let request = 1; request < 20; request++) await endpoint.deliver();
      assertInstanceOf((await endpoint.deliver())?.cause, EndpointCircuitOpenError);
    }));
});
