import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Collector } from "./collector.ts";
import { Slot } from "./slot.ts";
import { withTime } from "./testdata/engine_world.ts";
import { ScriptedSource } from "./testdata/scripted_source.ts";

const source = new ScriptedSource(undefined as never);

function open(exclusive: boolean) {
  const batches: string[] = [];
  const emit = (slots: Slot[]) =>
    batches.push(slots.map(({ delivery }) => delivery.token).join(""));
  const collector = new Collector({ size: 3, maxWait: 100 }, exclusive, emit);
  const slots = new Map<string, Slot>();
  const add = (ids: string) => {
    for (const id of ids) {
      const slot = new Slot(source.deliver([id])[0]!, undefined as never);
      slots.set(id, slot);
      collector.add(slot);
    }
  };
  return { batches, collector, add, slots };
}

describe("Collector", () => {
  it("lets a full batch out at once, and any other when its first slot has waited", () =>
    withTime(async (time) => {
      const { batches, add } = open(false);
      add("abcd");
      assertEquals(batches, ["abc"]);
      await time.tickAsync(60);
      add("e");
      await time.tickAsync(39);
      assertEquals(batches.length, 1);
      await time.tickAsync(1);
      assertEquals(batches, ["abc", "de"]);
    }));

  it("lets one batch out at a time if it is exclusive, and goes on collecting", () =>
    withTime(async (time) => {
      const { batches, collector, add } = open(true);
      add("abcdefgh");
      assertEquals(batches, ["abc"]);
      collector.free();
      assertEquals(batches, ["abc", "def"]);
      collector.free();
      assertEquals(batches.length, 2);
      await time.tickAsync(100);
      assertEquals(batches, ["abc", "def", "gh"]);
    }));

  it("lets out what has waited long enough as soon as it may", () =>
    withTime(async (time) => {
      const { batches, collector, add } = open(true);
      add("abcd");
      await time.tickAsync(1_000);
      assertEquals(batches, ["abc"]);
      collector.free();
      assertEquals(batches, ["abc", "d"]);
      collector.free();
      add("e");
      assertEquals(batches.length, 2);
      await time.tickAsync(100);
      assertEquals(batches, ["abc", "d", "e"]);
    }));

  it("forgets what is removed, and leaves no timer behind", () =>
    withTime(async (time) => {
      const { batches, collector, add, slots } = open(false);
      add("ab");
      collector.remove((slot) => slot === slots.get("a"));
      await time.tickAsync(99);
      add("c");
      collector.remove(() => true);
      await time.tickAsync(1_000);
      assertEquals(batches, []);
      add("d");
      await time.tickAsync(100);
      assertEquals(batches, ["d"]);
    }));
});
