import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { collect, withBus } from "./_buses.ts";

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
});
