import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError } from "../core/errors.ts";
import { Registry } from "../core/registry.ts";
import { LimitedReadiness } from "./limited_readiness.ts";
import { createMesh } from "./mesh.ts";
import { never, withFakeTime } from "./testdata/waits.ts";

/** A subscription that others have not heard of, in a thread that holds its rings up as it is told. */
function subscribe(blockTimeout: number, readiness: Promise<void>) {
  const state = { isHoldingUp: true, looks: 0, outcome: "open" };
  const limited = new LimitedReadiness(
    createMesh(1, 1_024),
    { overflow: "error", blockTimeout },
    () => {
      state.looks++;
      return state.isHoldingUp;
    },
  );
  const registration = new Registry().add("late", () => {});
  registration.readiness = readiness;
  limited.limit(registration);
  registration.ready.then(() => state.outcome = "ready", () => state.outcome = "given up");
  return { limited, registration, state };
}

describe("'ready' of a subscription that a thread cannot tell", () => {
  it("is given up after 'blockTimeout', if the thread has kept events for so long", () =>
    withFakeTime(async (time) => {
      const { registration, state } = subscribe(100, never());
      await time.tickAsync(99);
      assertEquals(state.outcome, "open");
      await time.tickAsync(1);
      assertEquals(state.outcome, "given up");
      await assertRejects(
        () => registration.ready,
        QueueFullError,
        "Cannot accept event 'late' as a ring had no room for 100 ms to tell of its subscription: " +
          "capacity is 1024 bytes",
      );
      await time.tickAsync(1_000);
      assertEquals(state.looks, 2);
    }));

  it("is waited for if the thread is only now and then in the way", () =>
    withFakeTime(async (time) => {
      const heard = Promise.withResolvers<void>();
      const { state } = subscribe(100, heard.promise);
      for (let i = 0; i < 20; i++) {
        state.isHoldingUp = i % 2 === 0;
        await time.tickAsync(50);
      }
      assertEquals(state.outcome, "open");
      heard.resolve();
      await time.tickAsync(0);
      assertEquals(state.outcome, "ready");
      const { looks } = state;
      await time.tickAsync(1_000);
      assertEquals(state.looks, looks);
    }));

  it("is waited for without an end if an emit would be, too", () =>
    withFakeTime(async (time) => {
      const { state } = subscribe(Infinity, never());
      await time.tickAsync(1_000_000);
      assertEquals([state.looks, state.outcome], [0, "open"]);
    }));

  for (const blockTimeout of [100, Infinity]) {
    it(`keeps no handler once the thread is to stop: with 'blockTimeout' ${blockTimeout}`, () =>
      withFakeTime(async (time) => {
        const { limited, state } = subscribe(blockTimeout, never());
        limited.end();
        await time.tickAsync(1_000);
        assertEquals([state.looks, state.outcome], [0, "ready"]);
      }));
  }
});
