import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NODE_ANSWER, NODE_PARK, NODE_WANTS_ROOM } from "../ring/layout.ts";
import { engineOfThread } from "./testdata/engine_of_thread.ts";
import { turn, withFakeTime } from "./testdata/waits.ts";

describe("the engine of a thread that is watched", () => {
  it("shows life while it waits, and none after it has answered", () =>
    withFakeTime(async (time) => {
      const { engine, mesh, beat } = engineOfThread({ stallTimeout: 100 });
      engine.start(() => {});
      // By then it has had its first turn, and nothing wakes it for another one.
      await time.tickAsync(100);
      for (let quarter = 0; quarter < 4; quarter++) {
        const before = beat();
        await time.tickAsync(25);
        assert(beat() > before, `no life in ${quarter}`);
      }
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

  it("shows life while an emit outside its handlers waits for room", async () => {
    const { engine, mesh: { cells, words }, beat, emitThere, read } = engineOfThread({
      stallTimeout: 100,
      blockTimeout: 60_000,
    });
    engine.notes.serve();
    const waits: number[] = [];
    const beats: number[] = [];
    /** By this whoever reads the ring knows whom to wake. */
    const wishes: number[] = [];
    const wantsRoom = () => cells.load(words + NODE_WANTS_ROOM);
    cells.wait = (_word, _value, timeout) => {
      waits.push(timeout);
      beats.push(beat());
      wishes.push(wantsRoom());
      if (waits.length === 3) read();
    };
    while (waits.length === 0) emitThere("fill", new Uint8Array(500));
    assertEquals(waits, [25, 25, 25]);
    assert(beats[0] < beats[1] && beats[1] < beats[2], `beats were ${beats}`);
    assertEquals([wishes, wantsRoom()], [[1, 1, 1], 0]);
    engine.answer();
    await turn();
  });
});
