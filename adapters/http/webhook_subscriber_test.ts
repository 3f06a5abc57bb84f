import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { WebhookSubscriberOptions } from "./options.ts";
import { receiver } from "./testdata/receiver.ts";
import { SECRET } from "./testdata/requests.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

describe("the handshake of CloudEvents' webhooks", () => {
  const ask = async (origin: string | undefined, origins: string[]) => {
    const { hooks, close } = await receiver({ origins });
    const headers = origin === undefined ? {} : { "webhook-request-origin": origin };
    const request = new Request("http://receiver.test/orders", { method: "OPTIONS", headers });
    const { status, headers: answered } = await hooks.fetch(request);
    await close();
    return [status, answered.get("webhook-allowed-origin"), answered.get("allow")];
  };

  it("lets the named origins in, and no others", async () => {
    assertEquals(await ask("shop.example", ["Shop.example"]), [200, "shop.example", "POST"]);
    assertEquals(await ask("shop.example", ["*"]), [200, "shop.example", "POST"]);
    assertEquals(await ask("evil.example", ["shop.example"]), [403, null, null]);
    assertEquals(await ask(undefined, ["*"]), [400, null, null]);
  });

  it("sets no rate, whatever rate was asked for", async () => {
    const { hooks, close } = await receiver({ origins: ["*"] });
    for (const rate of [undefined, "120", "none"]) {
      const headers = {
        "webhook-request-origin": "shop.example",
        ...(rate !== undefined && { "webhook-request-rate": rate }),
      };
      const request = new Request("http://receiver.test/orders", { method: "OPTIONS", headers });
      assertEquals((await hooks.fetch(request)).headers.get("webhook-allowed-rate"), "*");
    }
    await close();
  });
});

describe("webhookSubscriber()", () => {
  const refused: [options: object, text: string][] = [
    [{}, "'secrets' must be given, or 'unsigned: true'"],
    [{ unsigned: false }, "'secrets' must be given"],
    [{ secrets: [] }, "'secrets' must not be empty"],
    [{ secrets: SECRET, unsigned: true }, "must come without 'secrets'"],
    [{ secrets: SECRET, url: "https://x.example" }, "option 'url' is unknown"],
    [{ secrets: SECRET, mode: "plain" }, "option 'mode' is unknown"],
    [{ secrets: SECRET, maxBody: -1 }, "'maxBody'"],
    [{ secrets: SECRET, ackTimeout: Infinity }, "'ackTimeout' must be from 1 to 2147483647 ms"],
    [{ secrets: SECRET, respond: "later" }, "'respond'"],
    [{ secrets: SECRET, origins: "x" }, "'origins' must be an array of strings"],
    [{ unsigned: true, tolerance: 5 }, "option 'tolerance' must come with 'secrets'"],
    [{ secrets: "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=" }, "must be able to verify"],
  ];
  for (const [options, text] of refused) {
    it(`says "${text}"`, () => {
      assertThrows(() => webhookSubscriber(options as WebhookSubscriberOptions), Error, text);
    });
  }

  it("has one subscription per topic, until that is closed", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    const first = await hooks.subscribe("orders");
    await assertRejects(() => hooks.subscribe("orders"), RangeError, "a subscription already");
    await hooks.subscribe("bills");
    await first.close();
    await hooks.subscribe("orders");
    await hooks.close();
  });

  it("keeps nothing, so that it can only begin now, and knows no groups", async () => {
    const hooks = webhookSubscriber({ secrets: SECRET });
    await assertRejects(() => hooks.subscribe("o", { from: "earliest" }), RangeError, "'latest'");
    await assertRejects(() => hooks.subscribe("o", { group: "g" }), RangeError, "group");
    await assertRejects(() => hooks.subscribe("o", { ordered: "key" }), RangeError, "order");
    await hooks.close();
  });
});
