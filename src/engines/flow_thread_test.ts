import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusCore } from "../core/bus_core.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { HEADER_FLUSH, NODE_HEARTBEAT, NODE_UNWANTED } from "../ring/layout.ts";
import { FlowThread } from "./flow_thread.ts";
import { fnv1a } from "./fnv1a.ts";
import { createMesh, joinMesh } from "./mesh.ts";
import { turn } from "./testdata/waits.ts";
import { ThreadCounters } from "./thread_counters.ts";
import type { Engine } from "../core/engine.ts";
import type { Registration } from "../core/registration.ts";
import type { BatchSettings } from "./flow_options.ts";

/** A thread with a shard whose batches leave only when they are told to, and its bus. */
function shardOfThread(settings: Partial<BatchSettings> = {}) {
  const home = createMesh(1, 4_096);
  const mesh = joinMesh(home.cells.words.buffer as SharedArrayBuffer, 1);
  const core: BusCore = new BusCore({}, {
    get core() {
      return core;
    },
    subscribed: (registration: Registration) => flow.enliven(registration),
  } as unknown as Engine);
  const flow = new FlowThread(mesh, {
    core,
    counters: new ThreadCounters(mesh),
    settings: { batchSize: 100, batchTimeout: Infinity, shards: 1, spread: [], ...settings },
    valueCodec: undefined,
    onSettled() {},
  });
  const encoder = new FrameEncoder();
  /** The bus emits an event, and the thread takes it. */
  const take = (data: number, key?: string) => {
    encoder.encode({ type: "a", data, ...(key !== undefined && { key }) }, false);
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
  return { mesh, core, flow, take, flush };
}

describe("the shards of a thread", () => {
  it("hear of a flush that the bus begins at any step of hearing of the last one's end", async () => {
    for (let step = 1; step <= 4; step++) {
      const { mesh, core, flow, take, flush } = shardOfThread();
      const handled: unknown[] = [];
      core.on("a", ({ data }) => handled.push(data));
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

  it("show life when a batch begins, at each stage and at each call of a handler", async () => {
    const { mesh: { cells, words }, core, flow, take } = shardOfThread();
    const beats: [string, number][] = [];
    const note = (what: string) => void beats.push([what, cells.get(words + NODE_HEARTBEAT)]);
    flow.nameStages([() => note("stage"), () => Promise.resolve(), () => note("stage")]);
    core.on("*", () => note("event"));
    core.on("a", () => note("event"));
    flow.context.batchHandlers.add("a", () => note("batch"));
    for (const data of [1, 2]) take(data);
    note("taken");
    flow.hurry();
    await turn();
    const expected = ["taken", "stage", "stage", "event", "event", "event", "event", "batch"];
    assertEquals(beats.map(([what]) => what), expected);
    const [taken, first, third] = beats;
    // The batch has a beat of its own, and so has the second stage.
    assert(first[1] === taken[1] + 2 && third[1] === first[1] + 2, `beats were ${beats}`);
    for (let i = 3; i < beats.length; i++) assertEquals(beats[i][1], beats[i - 1][1] + 1);
  });

  it("keep the order of a key though its type is spread over them, and of nothing else", async () => {
    const { core, flow, take } = shardOfThread({ batchSize: 1, shards: 2, spread: ["a"] });
    const begun: unknown[] = [];
    const held = Promise.withResolvers<void>();
    core.on("a", ({ data }) => {
      begun.push(data);
      return held.promise;
    });
    for (const data of [1, 2]) take(data, "k");
    await turn();
    assertEquals(begun, [1]);
    for (const data of [3, 4]) take(data);
    await turn();
    // One of them is in the other shard.
    assertEquals(begun.length, 2);
    held.resolve();
    await turn();
    assertEquals(begun.length, 4);
    assert(begun.indexOf(1) < begun.indexOf(2) && !flow.isBusy);
  });

  it("count what stages have added when its own batch is through", async () => {
    const { mesh: { cells, words }, flow, take } = shardOfThread({ batchSize: 1, shards: 2 });
    const counted = () => cells.get(words + NODE_UNWANTED);
    const held = Promise.withResolvers<void>();
    flow.nameStages([
      ([event]) => [event, event, event],
      ([{ data }]) => data === 1 ? held.promise : undefined,
    ]);
    const [odd, even] = [1, 0].map((rest) =>
      ["a", "b", "c"].find((key) => fnv1a(key) % 2 === rest)
    );
    take(1, odd);
    await turn();
    take(2, even);
    await turn();
    assertEquals(counted(), 2);
    held.resolve();
    await turn();
    assertEquals(counted(), 4);
    take(3, even);
    await turn();
    assertEquals(counted(), 6);
  });
});
