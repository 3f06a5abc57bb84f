import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { SharedTimer } from "./shared_timer.ts";

/** Counts the timers that are set and not cleared. */
function watchTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const open = new Set<unknown>();
  let set = 0;
  globalThis.setTimeout = ((act: () => void, delay: number) => {
    const timer = setTimeout(() => {
      open.delete(timer);
      act();
    }, delay);
    open.add(timer);
    set++;
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    open.delete(timer);
    clearTimeout(timer);
  };
  return {
    counts: () => [set, open.size],
    restore: () => Object.assign(globalThis, { setTimeout, clearTimeout }),
  };
}

describe("a timer that many share", () => {
  it("expires each within its time, those who began within 16 ms together", async () => {
    const time = new FakeTime();
    try {
      const shared = new SharedTimer(10_000);
      const expired: string[] = [];
      shared.start(() => expired.push("a"));
      await time.tickAsync(16);
      shared.start(() => expired.push("b"));
      await time.tickAsync(1);
      shared.start(() => expired.push("c"));
      await time.tickAsync(9_982);
      assertEquals(expired, []);
      await time.tickAsync(1);
      assertEquals(expired, ["a", "b"]);
      await time.tickAsync(16);
      assertEquals(expired, ["a", "b"]);
      await time.tickAsync(1);
      assertEquals(expired, ["a", "b", "c"]);
    } finally {
      time.restore();
    }
  });

  it("does not expire who has ended, and lets those who began with it go on", async () => {
    const time = new FakeTime();
    try {
      const shared = new SharedTimer(100);
      const expired: string[] = [];
      const end = shared.start(() => expired.push("a"));
      shared.start(() => expired.push("b"));
      end();
      end();
      await time.tickAsync(100);
      assertEquals(expired, ["b"]);
    } finally {
      time.restore();
    }
  });

  it("leaves no timer behind when all have ended, and one for all who wait", () => {
    const timers = watchTimers();
    try {
      const shared = new SharedTimer(60_000);
      const ends = Array.from({ length: 100 }, () => shared.start(() => {}));
      const [set, open] = timers.counts();
      assertEquals(set! < 100 && open === set, true);
      for (const end of ends) end();
      assertEquals(timers.counts(), [set, 0]);
      shared.start(() => {})();
      assertEquals(timers.counts(), [set! + 1, 0]);
    } finally {
      timers.restore();
    }
  });
});
