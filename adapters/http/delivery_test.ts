import type { SendFailure } from "@beat/beat/transport";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { HOUR, withClockOff, withFakeTime } from "../../tests/_messages/harness.ts";
import type { WebhookError } from "./errors.ts";
import { inTime, posting } from "./testdata/posting.ts";

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
