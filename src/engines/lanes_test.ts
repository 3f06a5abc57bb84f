import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, QueueFullError, UnsupportedError } from "../core/errors.ts";
import { joinLanes } from "../ring/lane.ts";
import { NODE_PARK, NODE_WANTS_ROOM } from "../ring/layout.ts";
import { announceSleep } from "../ring/park.ts";
import { createFlowBus } from "./flow.ts";
import { attach, type Producer, share } from "./lanes.ts";

/** A page that is not cross-origin isolated has none. */
const HAS_MEMORY = typeof SharedArrayBuffer !== "undefined";

/** Emits until the lane is full; says how many events it holds. */
function fill(producer: Producer): number {
  for (let count = 0;; count++) {
    try {
      producer.emit("a");
    } catch (error) {
      if (error instanceof QueueFullError) return count;
      throw error;
    }
  }
}

describe("lanes in the thread of their bus", () => {
  it("need shared memory", async () => {
    const bus = createFlowBus();
    if (HAS_MEMORY) share(bus);
    else assertThrows(() => share(bus), UnsupportedError, "there is no shared memory");
    await bus.close();
  });

  it("bring events, whatever wakes the thread", async () => {
    if (!HAS_MEMORY) return;
    const bus = createFlowBus({ batchTimeout: 0 });
    const seen: unknown[] = [];
    bus.on("a", ({ data }) => seen.push(data));
    const producer = attach(share(bus));
    for (let data = 0; data < 3; data++) {
      const next = bus.once("a");
      producer.emit("a", data);
      await next;
    }
    await bus.drain();
    assertEquals(seen, [0, 1, 2]);
  });

  it("wake who waits for room when half of a lane is free, and not for each burst", async () => {
    if (!HAS_MEMORY) return;
    const bus = createFlowBus({ batchTimeout: 0 });
    const handle = share(bus, { capacity: 65_536, overflow: "error" });
    const producer = attach(handle);
    const held = fill(producer);
    const { cells, layout } = joinLanes(handle.memory)!;
    const node = layout.node(1);
    let [handled, handledAsleep] = [0, 0];
    bus.on("a", () => {
      handled++;
      if (cells.load(node + NODE_PARK) === 1) handledAsleep++;
    });
    cells.store(node + NODE_WANTS_ROOM, 1);
    announceSleep(cells, node);
    await bus.flush();
    assertEquals(handled, held);
    assert(Math.abs(handledAsleep - held / 2) <= 256, `${handledAsleep} of ${held}`);
    await bus.close();
  });

  it("print what their hook throws, even what cannot be printed", async () => {
    if (!HAS_MEMORY) return;
    const bus = createFlowBus();
    const failure = new RangeError("the hook fails");
    const onDrop = () => {
      throw failure;
    };
    const producer = attach(share(bus, { capacity: 1_024, overflow: "drop-newest" }), { onDrop });
    const printed: unknown[] = [];
    const { error } = console;
    console.error = (_line: string, shown: unknown) => {
      if (shown === failure) throw new Error("no console");
      printed.push(shown);
    };
    try {
      while (bus.stats().dropped === 0) producer.emit("a");
      assertEquals(printed, ["an error that cannot be printed"]);
    } finally {
      console.error = error;
      await bus.close();
    }
  });

  for (const overflow of ["block", "error", "drop-newest"] as const) {
    it(`refuse what comes after the end as such, though they are full: "${overflow}"`, async () => {
      if (!HAS_MEMORY) return;
      const bus = createFlowBus();
      const producer = attach(share(bus, { capacity: 1_024, overflow }));
      for (let i = 0; i < 100; i++) {
        try {
          producer.emit("a");
        } catch (error) {
          assertInstanceOf(error, QueueFullError);
        }
      }
      const closed = bus.close();
      assertThrows(() => producer.emit("a"), BusClosedError);
      await assertRejects(() => producer.enqueue({ type: "a", data: undefined }), BusClosedError);
      await closed;
    });
  }
});
