import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusCore } from "../core/bus_core.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { HEADER_FLUSH } from "../ring/layout.ts";
import { FlowThread } from "./flow_thread.ts";
import { createMesh, joinMesh } from "./mesh.ts";
import { turn } from "./testdata/waits.ts";
import { ThreadCounters } from "./thread_counters.ts";
import type { Engine } from "../core/engine.ts";

/** The shard of a thread whose batches leave only when they are told to, and its bus. */
function shardOfThread() {
  const home = createMesh(1, 4_096);
  const mesh = joinMesh(home.cells.words.buffer as SharedArrayBuffer, 1);
  const core: BusCore = new BusCore({}, {
    get core() {
      return core;
    },
  } as unknown as Engine);
  const handled: unknown[] = [];
  const flow = new FlowThread(mesh, {
    core,
    counters: new ThreadCounters(mesh),
    settings: { batchSize: 100, batchTimeout: Infinity, shards: 1, spread: [] },
    valueCodec: undefined,
    onSettled() {},
  });
  core.on("a", ({ data }) => handled.push(data));
  const encoder = new FrameEncoder();
  /** The bus emits an event, and the thread takes it. */
  const take = (data: number) => {
    encoder.encode({ type: "a", data }, false);
    const writer = home.writers[1]!;
    encoder.write(home.cells, writer.claim(encoder.size), -1, 0);
    writer.commit(encoder.size, true);
    writer.publish();
    const reader = mesh.readers[0]!;
    const word = reader.peek();
    reader.take(word);
    flow.take(core.registry.current("a"), reader, word);
  };
  const flush = (number: number) => home.cells.store(HEADER_FLUSH, number);
  return { mesh, flow, handled, take, flush };
}

describe("the shards of a thread", () => {
  it("hear of a flush that the bus begins at any step of hearing of the last one's end", async () => {
    for (let step = 1; step <= 4; step++) {
      const { mesh, flow, handled, take, flush } = shardOfThread();
      flush(2);
      take(step);
      await turn();
      assertEquals(handled, []);
      const { cells } = mesh;
      const load = cells.load.bind(cells);
      let loads = 0;
      cells.load = (word) => {
        if (word === HEADER_FLUSH && ++loads === step) flush(3);
        return load(word);
      };
      flow.follow();
      if (loads < step) flush(3);
      for (let turns = 0; turns < 3 && handled.length === 0; turns++) {
        if (flow.hasNews) flow.follow();
        await turn();
      }
      assertEquals(handled, [step]);
    }
  });
});
