import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { NODE_ANSWER, NODE_HEARTBEAT, NODE_PARK } from "../ring/layout.ts";
import { createMesh, joinMesh } from "./mesh.ts";
import { withFakeTime } from "./testdata/waits.ts";
import { WorkerEngine } from "./worker_engine.ts";
import type { WorkerOptions } from "./worker_options.ts";

/** The engine of a thread, in this thread; what it says of its life, and what emits to it. */
function engineOfThread(options: Partial<WorkerOptions>) {
  const home = createMesh(1, 4_096);
  const mesh = joinMesh(home.cells.words.buffer as SharedArrayBuffer, 1);
  const engine = new WorkerEngine(mesh, {
    overflow: "block",
    blockTimeout: 1_000,
    concurrency: 1,
    park: "async",
    stallTimeout: Infinity,
    valueCodec: undefined,
    generation: 1,
    ...options,
  });
  const { words } = mesh;
  const beat = () => mesh.cells.load(words + NODE_HEARTBEAT);
  const emit = (type: string, data: unknown, key?: string) => {
    const encoder = new FrameEncoder();
    encoder.encode({ type, data, ...(key !== undefined && { key }) }, false);
    const writer = home.writers[1]!;
    encoder.write(home.cells, writer.claim(encoder.size), -1, 0);
    writer.commit(encoder.size, true);
    home.publish(1);
  };
  return { engine, mesh, beat, emit };
}

describe("the engine of a thread", () => {
  it("shows life while it waits, and none after it has answered", () =>
    withFakeTime(async (time) => {
      const { engine, mesh, beat } = engineOfThread({ stallTimeout: 100 });
      engine.start(() => {});
      const atFirst = beat();
      await time.tickAsync(100);
      assert(beat() > atFirst);
      engine.answer();
      const atLast = beat();
      await time.tickAsync(1_000);
      assertEquals(beat(), atLast);
      assertEquals(mesh.cells.load(mesh.words + NODE_ANSWER), 1);
    }));

  it("shows life while it stands still with 'park' \"block\"", async () => {
    const { engine, mesh: { cells, words }, beat } = engineOfThread({
      park: "block",
      stallTimeout: 100,
    });
    const waits: number[] = [];
    const beats: number[] = [];
    const ended = new Promise<void>((resolve) => {
      cells.wait = (_word, _value, timeout) => {
        waits.push(timeout);
        beats.push(beat());
        if (waits.length < 3) return "timed-out";
        engine.answer();
        resolve();
        return "ok";
      };
    });
    engine.start(() => {});
    await ended;
    assertEquals(waits, [25, 25, 25]);
    assert(beats[0] < beats[1] && beats[1] < beats[2], `beats were ${beats}`);
    assertEquals(cells.load(words + NODE_PARK), 0);
  });

  it("stands still until it is woken if nobody watches it", async () => {
    const { engine, mesh: { cells } } = engineOfThread({ park: "block" });
    const timeout = await new Promise((resolve) => {
      cells.wait = (_word, _value, timeout) => {
        engine.answer();
        resolve(timeout);
        return "ok";
      };
      engine.start(() => {});
    });
    assertEquals(timeout, Infinity);
  });

  it("shows life for each event that has waited for its key", async () => {
    const { engine, beat, emit } = engineOfThread({ concurrency: 2 });
    const beats: number[] = [];
    const begun = Promise.withResolvers<() => void>();
    engine.core.on("first", () => new Promise<void>(begun.resolve));
    const handled = new Promise<void>((resolve) => {
      engine.core.on("next", ({ data }) => {
        beats.push(beat());
        if (data === 3) resolve();
      });
    });
    emit("first", 0, "k");
    for (const data of [1, 2, 3]) emit("next", data, "k");
    engine.start(() => {});
    (await begun.promise)();
    await handled;
    engine.answer();
    assert(beats[0] < beats[1] && beats[1] < beats[2], `beats were ${beats}`);
  });
});
