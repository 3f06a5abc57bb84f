import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  BatchError,
  defaultBus,
  emit,
  emitBatch,
  off,
  on,
  once,
  stats,
  topic,
  unsafeEmit,
} from "@beat/beat";

describe("package-level functions", () => {
  it("work on one default bus, which is a sync one", () => {
    assertStrictEquals(defaultBus(), defaultBus());
    assertEquals(defaultBus().capabilities.engine, "sync");
    const seen: unknown[] = [];
    const subscription = on("mod.*", (event) => seen.push(event.data));
    const before = stats().emitted;
    emit("mod.a", 1);
    emit({ type: "mod.b", data: 2 });
    emitBatch([{ type: "mod.c", data: 3 }]);
    topic("mod.d").emit(4);
    unsafeEmit("mod.e", 5);
    unsafeEmit({ type: "mod.f", data: 6 });
    assertEquals(seen, [1, 2, 3, 4, 5, 6]);
    assertEquals(stats().emitted, before + 4);
    assertEquals([off(subscription), off(subscription)], [true, false]);
    emit("mod.a", 7);
    assertEquals(seen.length, 6);
  });

  it("once() waits for the next event", async () => {
    const next = once("mod.next");
    emit("mod.next", 1);
    assertEquals((await next).data, 1);
  });

  it("hand on the errors of handlers", () => {
    const subscription = on("mod.broken", () => {
      throw new Error("broken");
    });
    assertThrows(() => emit("mod.broken"), Error, "broken");
    assertThrows(() => emitBatch([{ type: "mod.broken" }]), BatchError);
    off(subscription);
  });
});
