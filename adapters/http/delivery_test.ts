import type { CircuitChange } from "@beat/beat/middleware";
import type { SendFailure } from "@beat/beat/transport";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { HOUR, withClockOff, withFakeTime } from "../../tests/_messages/harness.ts";
import { EndpointCircuitOpenError, EndpointGoneError, WebhookError } from "./errors.ts";
import { planTransport } from "./plans.ts";
import { posting } from "./testdata/posting.ts";

/** Delivers, and lets as much time pass as that takes. */
async function inTime(
  time: FakeTime,
  delivering: Promise<SendFailure | undefined>,
): Promise<SendFailure | undefined> {
  await time.runAllAsync();
  return await delivering;
}

describe("a delivery", () => {
  it("sends nothing when its publisher is closed already", async () => {
    const endpoint = posting();
    endpoint.close();
    const failure = await endpoint.deliver();
    assertEquals([failure?.outcome, endpoint.requests.length], ["rejected", 0]);
    assertEquals((failure?.cause as Error).message, "The publisher was closed");
  });

  it("ends 15 s after it began, unless told otherwise", () =>
    withFakeTime(async (time) => {
      const endpoint = posting();
      endpoint.answers = ["never"];
      let failure: SendFailure | undefined;
      const delivering = endpoint.deliver().then((result) => failure = result);
      await time.tickAsync(14_999);
      assertEquals(failure, undefined);
      await time.tickAsync(1);
      await delivering;
      assertEquals(failure?.outcome, "unknown");
      assertStringIncludes(String((failure?.cause as Error).cause), "within 15000 ms");
    }));

  it("pauses at random: up to 200 ms before the second attempt, up to 400 before the third", () =>
    withFakeTime(async (time) => {
      const endpoints = Array.from({ length: 40 }, () => posting());
      const delivering = endpoints.map((endpoint) => {
        endpoint.answers = [503];
        return endpoint.deliver();
      });
      await time.runAllAsync();
      await Promise.all(delivering);
      const came = endpoints.map(({ requests }) => requests.map(({ at }) => at));
      const pauses = [1, 2].map((attempt) => came.map((at) => at[attempt]! - at[attempt - 1]!));
      for (const [index, most] of [200, 400].entries()) {
        // Drawn 40 times, both halves of the range are met but for one case in a billion.
        assert(Math.max(...pauses[index]!) <= most);
        assert(Math.max(...pauses[index]!) > most / 2);
        assert(Math.min(...pauses[index]!) < most / 2);
      }
    }));

  it("pauses for 200 and then 400 ms where most is drawn", () =>
    withFakeTime(async (time) => {
      const most = stub(Math, "random", () => 1);
      try {
        const endpoint = posting();
        endpoint.answers = [503];
        await inTime(time, endpoint.deliver());
        assertEquals(endpoint.requests.map(({ at }) => at), [0, 200, 600]);
      } finally {
        most.restore();
      }
    }));

  const ends: [status: number, attempts: number, outcome: string][] = [
    [300, 1, "rejected"],
    [400, 1, "rejected"],
    [407, 1, "rejected"],
    [408, 3, "unknown"],
    [409, 3, "unknown"],
    [424, 1, "rejected"],
    [425, 3, "rejected"],
    [426, 1, "rejected"],
    [429, 3, "rejected"],
    [500, 3, "unknown"],
    [501, 1, "unknown"],
    [502, 3, "unknown"],
    [503, 3, "rejected"],
    [504, 3, "unknown"],
    [505, 1, "unknown"],
  ];
  for (const [status, attempts, outcome] of ends) {
    it(`that is always answered ${status} ends after ${attempts} attempts as '${outcome}'`, () =>
      withFakeTime(async (time) => {
        const endpoint = posting();
        endpoint.answers = [status];
        const failure = await inTime(time, endpoint.deliver());
        assertEquals([endpoint.requests.length, failure?.outcome], [attempts, outcome]);
      }));
  }

  it("ends at once when its publisher is closed between two attempts", () =>
    withFakeTime(async (time) => {
      const most = stub(Math, "random", () => 1);
      try {
        const endpoint = posting();
        endpoint.answers = [503, "never"];
        const delivering = endpoint.deliver();
        await time.tickAsync(100);
        endpoint.close();
        const failure = await delivering;
        assertEquals([time.now, time.next()], [100, false]);
        assertEquals(
          ((failure?.cause as Error).cause as Error).message,
          "The publisher was closed",
        );
      } finally {
        most.restore();
      }
    }));

  it("takes every status from 200 to 299 for success", async () => {
    for (const status of [200, 226, 299]) {
      const endpoint = posting();
      endpoint.answers = [status];
      assertEquals(await endpoint.deliver(), undefined);
    }
  });

  it("leaves no listener on the signal of its publisher, and no timer", () =>
    withFakeTime(async (time) => {
      const endpoint = posting();
      const { signal } = endpoint;
      const { addEventListener, removeEventListener } = signal;
      let listeners = 0;
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        listeners++;
        addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        listeners--;
        removeEventListener.apply(signal, args);
      };
      for (const answers of [[204], [503, 204], [400], [new Error("gone")]]) {
        endpoint.answers = answers;
        await inTime(time, endpoint.deliver());
        assertEquals([listeners, time.next()], [0, false]);
      }
    }));

  it("comes again when the endpoint asks for it, and not all at the same time", () =>
    withFakeTime(async (time) => {
      const pauses: number[] = [];
      for (let round = 0; round < 20; round++) {
        const endpoint = posting();
        endpoint.answers = [{ status: 429, retryAfter: "2" }, 204];
        assertEquals(await inTime(time, endpoint.deliver()), undefined);
        const [first, second] = endpoint.requests;
        pauses.push(second!.at - first!.at);
      }
      assert(pauses.every((pause) => pause >= 2_000 && pause <= 2_200));
      assert(new Set(pauses).size > 5);
    }));

  it("does not wait for what the endpoint asks where that is beyond its time", () =>
    withFakeTime(async () => {
      const endpoint = posting();
      endpoint.answers = [{ status: 503, retryAfter: "15" }];
      const failure = await endpoint.deliver();
      assertEquals(endpoint.requests.length, 1);
      assertEquals((failure?.cause as WebhookError).retryAfter, 15_000);
    }));

  for (const [set, jump] of [["forward", HOUR], ["back", -HOUR]] as const) {
    it(`makes its attempts within its time though the clock is set ${set}`, () =>
      withFakeTime(async (time) => {
        const endpoint = posting();
        endpoint.answers = [503, { status: 503, retryAfter: "14" }, 204];
        const delivering = endpoint.deliver();
        await withClockOff(jump, () => time.runAllAsync());
        assertEquals((await delivering)?.outcome, undefined);
        assertEquals(endpoint.requests.length, 3);

        const late = posting();
        late.answers = [{ status: 503, retryAfter: "15" }];
        const refused = late.deliver();
        await withClockOff(jump, () => time.runAllAsync());
        assertEquals(((await refused)?.cause as WebhookError).retryAfter, 15_000);
        assertEquals([time.now < 15_000, late.requests.length], [true, 1]);
      }));
  }
});

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
