import { silent } from "@beat/beat/message";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { planTransport } from "./plans.ts";

describe("the store that a receiver has of its own", () => {
  it("says once that it forgets webhooks which can still be replayed", async () => {
    const warnings: string[] = [];
    const logger = { ...silent, warn: (text: string) => void warnings.push(text) };
    const { receive } = planTransport({ unsigned: true, logger }, "subscriber");
    const { store, ttl } = receive!.replay;
    const handle = async (key: string) => {
      const result = await store.claim(key, 1_000);
      if (result.kind === "claimed") await store.done(key, result.claim, ttl);
      return result.kind;
    };
    for (let at = 0; at < 65_536; at++) await handle(`${at}`);
    assertEquals(warnings, []);
    for (let at = 0; at < 10; at++) await handle(`more ${at}`);
    assertEquals(warnings, [
      "The replay store is full and forgets webhooks that can still be replayed",
    ]);
    assertEquals(await handle("65535"), "done");
  });
});

describe("an unknown option of a transport", () => {
  it("is refused with all names that are known, also those that have a reader of their own", () => {
    const known = (half: "publisher" | "subscriber") => {
      const error = assertThrows(() => planTransport({ secret: "" } as never, half), TypeError);
      return error.message.split(": known are ")[1]!.split(", ");
    };
    assertEquals(known("publisher").slice(0, 3), ["secrets", "unsigned", "url"]);
    assertEquals(known("subscriber").slice(0, 3), ["secrets", "unsigned", "tolerance"]);
  });
});

describe("planTransport()", () => {
  it("has the halves that its options ask for", () => {
    const url = "https://hooks.example.com";
    const halves = (options: object) => {
      const { send, receive } = planTransport({ unsigned: true, ...options }, "both");
      return [send !== undefined, receive !== undefined];
    };
    assertEquals([halves({}), halves({ url })], [[false, true], [true, true]]);
    const { send } = planTransport({ unsigned: true, url }, "publisher");
    assertEquals(send!.endpoint.origin, url);
    assertEquals(planTransport({ unsigned: true, url }, "publisher").receive, undefined);
  });

  it("refuses what only a publisher has a use for, where there is no 'url'", () => {
    for (const [name, value] of Object.entries({ timeout: 5, mode: "plain", concurrency: 1 })) {
      const options = { unsigned: true, [name]: value };
      assertThrows(
        () => planTransport(options, "both"),
        TypeError,
        `Cannot create a webhook transport as option '${name}' must come with 'url'`,
      );
    }
  });
});
