import type { CircuitChange } from "@beat/beat/middleware";
import type { SendFailure } from "@beat/beat/transport";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { withFakeTime } from "../../tests/_messages/harness.ts";
import { EndpointCircuitOpenError, EndpointGoneError, WebhookError } from "./errors.ts";
import { planTransport } from "./plans.ts";
import { inTime, posting } from "./testdata/posting.ts";

describe("an endpoint that fails too often", () => {
  it("is sent nothing after 20 requests, and tried again after 30 s", () =>
    withFakeTime(async (time) => {
      const changes: CircuitChange[] = [];
      const endpoint = posting({
        circuitBreaker: { onStateChange: (change) => changes.push(change) },
      });
      endpoint.answers = [500];
      for (let message = 0; message < 6; message++) await inTime(time, endpoint.deliver());
      assertEquals([endpoint.requests.length, changes.length], [18, 0]);

      const last = await inTime(time, endpoint.deliver());
      assertEquals(endpoint.requests.length, 20);
      assertEquals(last?.outcome, "unknown");
      assertInstanceOf(last?.cause, EndpointCircuitOpenError);
      // What has led to it is not forgotten.
      assertEquals((last.cause.cause as WebhookError).status, 500);

      const opened = endpoint.requests.at(-1)!.at;
      const refused = await inTime(time, endpoint.deliver("/bills"));
      assertEquals([endpoint.requests.length, refused?.outcome], [20, "rejected"]);
      const { cause } = refused as { cause: EndpointCircuitOpenError };
      assertEquals(cause.retryAfter, opened + 30_000 - time.now);
      assertEquals(
        cause.message,
        "The webhook endpoint at https://hooks.example.com is spared as too many requests " +
          `failed: it may be tried in ${Math.ceil(cause.retryAfter!)} ms`,
      );

      // A delivery waits for it where that is within its own time.
      await time.tickAsync(opened + 29_999 - time.now);
      endpoint.answers = [204];
      assertEquals(await inTime(time, endpoint.deliver()), undefined);
      assert(endpoint.requests.at(-1)!.at >= opened + 30_000);
      assertEquals(await endpoint.deliver(), undefined);
      assertEquals(endpoint.requests.length, 22);
      assertEquals(changes.map(({ to }) => to), ["open", "half-open", "closed"]);
    }));

  it("is spared though who hears of it throws, which is printed", () =>
    withFakeTime(async (time) => {
      const thrown = new Error("hook");
      const printed = stub(console, "error", () => {});
      try {
        const onStateChange = () => {
          throw thrown;
        };
        const endpoint = posting({ circuitBreaker: { minimum: 1, onStateChange } });
        endpoint.answers = [500];
        await inTime(time, endpoint.deliver());
        assertInstanceOf((await endpoint.deliver())?.cause, EndpointCircuitOpenError);
        assertEquals(printed.calls.map(({ args }) => args), [["A hook failed:", thrown]]);
      } finally {
        printed.restore();
      }
    }));

  it("is spared again when the one request that tries fails, which is alone", () =>
    withFakeTime(async (time) => {
      const endpoint = posting({ circuitBreaker: { minimum: 1, cooldown: 20_000 } });
      endpoint.answers = [500];
      await inTime(time, endpoint.deliver());
      const before = endpoint.requests.length;
      await time.tickAsync(20_000);
      endpoint.answers = ["never"];
      const trying = endpoint.deliver();
      await time.tickAsync(0);
      assertEquals(endpoint.requests.length, before + 1);
      // Three looks, a tenth of the cooldown apart: as long as one tries, there is no other.
      const other = endpoint.deliver();
      await time.tickAsync(10_000);
      assertInstanceOf((await other)?.cause, EndpointCircuitOpenError);
      assertEquals(endpoint.requests.length, before + 1);
      assertInstanceOf((await inTime(time, trying))?.cause, WebhookError);
      assertInstanceOf((await endpoint.deliver())?.cause, EndpointCircuitOpenError);
    }));

  it("is one that fails half the time, and none that fails less", () =>
    withFakeTime(async (time) => {
      for (const [answers, opens] of [[[500, 204], true], [[500, 204, 204], false]] as const) {
        const endpoint = posting();
        endpoint.answers = Array.from({ length: 60 }, () => answers).flat();
        let last: SendFailure | undefined;
        for (let message = 0; message < 30; message++) {
          last = await inTime(time, endpoint.deliver());
        }
        assertEquals(last?.cause instanceof EndpointCircuitOpenError, opens);
      }
    }));

  it("forgets what failed a minute ago", () =>
    withFakeTime(async (time) => {
      const endpoint = posting();
      endpoint.answers = [500];
      for (let message = 0; message < 6; message++) await inTime(time, endpoint.deliver());
      await time.tickAsync(60_000);
      for (let message = 0; message < 6; message++) await inTime(time, endpoint.deliver());
      assertEquals(endpoint.requests.length, 36);
    }));

  const speaks = [
    ["500", 500, true],
    ["501", 501, true],
    ["429", 429, true],
    ["408", 408, true],
    ["an unreachable address", Object.assign(new Error(), { code: "ECONNREFUSED" }), true],
    ["no answer in time", "never", true],
    ["400", 400, false],
    ["404", 404, false],
    ["a redirect", 307, false],
    ["409, as it is at work", 409, false],
    ["425", 425, false],
    ["what cannot be signed", new RangeError("id"), false],
  ] as const;
  for (const [what, answer, isDown] of speaks) {
    it(`is ${isDown ? "" : "not "}one by ${what}`, () =>
      withFakeTime(async (time) => {
        const endpoint = posting({ circuitBreaker: { minimum: 1 } });
        endpoint.answers = [answer];
        await inTime(time, endpoint.deliver());
        endpoint.answers = [204];
        const spared = (await inTime(time, endpoint.deliver()))?.cause;
        assertEquals(spared instanceof EndpointCircuitOpenError, isDown);
      }));
  }

  it("is not one as its publisher was closed", () =>
    withFakeTime(async () => {
      const changes: CircuitChange[] = [];
      const endpoint = posting({
        circuitBreaker: { minimum: 1, onStateChange: (change) => changes.push(change) },
      });
      endpoint.answers = ["never"];
      const delivering = endpoint.deliver();
      endpoint.close();
      assertEquals((await delivering)?.outcome, "unknown");
      assertEquals(changes, []);
    }));

  it("is not spared where that is switched off", () =>
    withFakeTime(async (time) => {
      const endpoint = posting({ circuitBreaker: false });
      endpoint.answers = [500];
      for (let message = 0; message < 20; message++) await inTime(time, endpoint.deliver());
      assertEquals(endpoint.requests.length, 60);
    }));
});

describe("an endpoint that is gone", () => {
  it("is sent nothing more, on the path that said so", () =>
    withFakeTime(async () => {
      const endpoint = posting();
      endpoint.answers = [410, 204];
      assertInstanceOf((await endpoint.deliver())?.cause, EndpointGoneError);
      const again = await endpoint.deliver();
      assertInstanceOf(again?.cause, EndpointGoneError);
      assertEquals(again.outcome, "rejected");
      assertEquals(await endpoint.deliver("/bills"), undefined);
      assertEquals(endpoint.requests.map(({ target }) => target), ["/orders", "/bills"]);
    }));

  it("is remembered, and so are 1 023 others", () =>
    withFakeTime(async () => {
      const endpoint = posting();
      endpoint.answers = [410];
      for (let at = 0; at <= 1_024; at++) await endpoint.deliver(`/${at}`);
      assertEquals(endpoint.requests.length, 1_025);
      for (let at = 1; at <= 1_024; at++) await endpoint.deliver(`/${at}`);
      assertEquals(endpoint.requests.length, 1_025);
      await endpoint.deliver("/0");
      assertEquals(endpoint.requests.length, 1_026);
    }));
});

describe("the option 'circuitBreaker'", () => {
  const refused: [value: unknown, text: string][] = [
    [true, "'circuitBreaker' must be an object: current value is true"],
    [null, "'circuitBreaker' must be an object"],
    [{ minimum: 0 }, "'minimum' must be an integer of at least 1"],
    [{ failureRate: 2 }, "'failureRate' must be above 0 and at most 1"],
    [{ ignore: [] }, "option 'ignore' is unknown"],
  ];
  for (const [value, text] of refused) {
    it(`says "${text}"`, () => {
      let message = "";
      try {
        const options = { url: "https://x.example", unsigned: true, circuitBreaker: value };
        planTransport(options as never, "publisher");
      } catch (error) {
        message = (error as Error).message;
      }
      assertStringIncludes(message, text);
    });
  }
});
