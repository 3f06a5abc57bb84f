import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { type AnyBus, collect, withBus } from "./_buses.ts";

/** Rings that are soon full. */
const SMALL = { capacity: 1_024, overflow: "error" } as const;

/** Emits until a ring has no room. */
function fillWith(bus: AnyBus, type: string): void {
  assertThrows(() => {
    for (;;) bus.emit(type);
  }, QueueFullError);
}

describe("a thread that starts", () => {
  it("hears that all know what it subscribes, before it serves", async () => {
    await withBus("patient", {}, async (bus) => {
      // What comes before must not hold that up.
      const first = collect(bus, "answer", 1);
      bus.emit("ask");
      await bus.ready;
      await first;
      const answers = collect(bus, "answer", 2);
      bus.emit("ask");
      bus.emit("ask");
      assertEquals((await answers).toSorted(), [0, 1]);
    });
  });

  it("hears so though the ring to it is full of events that come later", async () => {
    await withBus("patient", { ...SMALL, threads: 1 }, async (bus) => {
      fillWith(bus, "ask");
      await bus.ready;
    });
  });
});

describe("a handler of a thread that awaits the 'ready' of a subscription", () => {
  it("goes on though the ring in which its event stands is full", async () => {
    await withBus("awaits_ready", { ...SMALL, threads: 1 }, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "seen", 1);
      bus.emit("late");
      fillWith(bus, "filled");
      assertEquals(await seen, ["ready"]);
    });
  });

  it("is refused if the thread that is to hear of it waits in the same way", async () => {
    await withBus("awaits_ready", { ...SMALL, blockTimeout: 50 }, async (bus) => {
      await bus.ready;
      const keys = ["a", "b"].toSorted((one, other) => fnv1a(one) % 2 - fnv1a(other) % 2);
      const bothDo = (type: string) => {
        const seen = collect(bus, "seen", 2);
        keys.forEach((key, at) => bus.emit({ type, key, data: keys[1 - at]! }));
        return seen;
      };
      // What they tell each other at first, and what they answer, is in the rings no more.
      for (let i = 0; i < 2; i++) await bothDo("greet");
      const seen = bothDo("fill and wait");
      // Once one of them is, its event is done, and the other one may be told.
      assertEquals((await seen).includes("QueueFullError"), true);
    });
  });
});
