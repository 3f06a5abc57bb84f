import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { assertEquals } from "@std/assert";
import { Bell } from "./bell.ts";

/** Whether a wait is over, once all that can run has run. */
async function isOver(wait: Promise<void>): Promise<boolean> {
  let over = false;
  void wait.then(() => over = true);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return over;
}

describe("Bell", () => {
  it("wakes all who wait when it rings", async () => {
    const bell = new Bell();
    const { signal } = new AbortController();
    const waits = [bell.wait(bell.rings, Infinity, signal), bell.wait(bell.rings, 10, signal)];
    bell.ring();
    await Promise.all(waits);
  });

  it("does not wait where it has rung since it was asked", async () => {
    const bell = new Bell();
    const { rings } = bell;
    bell.ring();
    await bell.wait(rings, Infinity, new AbortController().signal);
  });

  it("ends a wait after its time, and not before", async () => {
    const time = new FakeTime();
    try {
      const bell = new Bell();
      const wait = bell.wait(bell.rings, 100, new AbortController().signal);
      time.tick(99);
      assertEquals(await isOver(wait), false);
      time.tick(1);
      assertEquals(await isOver(wait), true);
    } finally {
      time.restore();
    }
  });

  it("ends a wait when the signal aborts, and leaves no timer behind", async () => {
    const abort = new AbortController();
    const bell = new Bell();
    const wait = bell.wait(bell.rings, 60_000, abort.signal);
    abort.abort();
    await wait;
    await bell.wait(bell.rings, 60_000, abort.signal);
  });
});
