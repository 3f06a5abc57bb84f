import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createMesh, joinMesh } from "./mesh.ts";
import { watchStalls } from "./stall_watch.ts";
import { withFakeTime } from "./testdata/waits.ts";
import { ThreadCounters } from "./thread_counters.ts";

/** Watches the only place for a thread; `start` starts one in it, `stalled` notes the calls. */
function watchPlace() {
  const mesh = createMesh(1, 1_024);
  const memory = mesh.cells.words.buffer as SharedArrayBuffer;
  const stalled: number[] = [];
  const timer = watchStalls(mesh, 100, (node) => stalled.push(node));
  const start = () => new ThreadCounters(joinMesh(memory, 1));
  return { start, stalled, end: () => clearInterval(timer) };
}

describe("watchStalls()", () => {
  it("calls for a thread that has shown no life since it was last looked at", () =>
    withFakeTime(async (time) => {
      const { start, stalled, end } = watchPlace();
      const thread = start();
      await time.tickAsync(100);
      thread.showLife();
      await time.tickAsync(100);
      assertEquals(stalled, []);
      await time.tickAsync(100);
      assertEquals(stalled, [1]);
      end();
    }));

  it("takes no thread for the one before, whose life was as long", () =>
    withFakeTime(async (time) => {
      const { start, stalled, end } = watchPlace();
      for (let life = 0; life < 3; life++) {
        start().showLife();
        await time.tickAsync(100);
      }
      assertEquals(stalled, []);
      end();
    }));

  it("takes no thread for the one before that has just started", () =>
    withFakeTime(async (time) => {
      const { start, stalled, end } = watchPlace();
      start().showLife();
      await time.tickAsync(100);
      start();
      await time.tickAsync(100);
      assertEquals(stalled, []);
      end();
    }));
});
