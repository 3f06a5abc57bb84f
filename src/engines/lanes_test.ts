import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UnsupportedError } from "../core/errors.ts";
import { createFlowBus } from "./flow.ts";
import { attach, share } from "./lanes.ts";

/** A page that is not cross-origin isolated has none. */
const HAS_MEMORY = typeof SharedArrayBuffer !== "undefined";

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
});
