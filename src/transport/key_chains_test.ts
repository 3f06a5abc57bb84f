import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { KeyChains } from "./key_chains.ts";
import { Slot } from "./slot.ts";
import { ScriptedSource } from "./testdata/scripted_source.ts";

function makeSlot(key: string): Slot {
  const source = new ScriptedSource(undefined as never);
  const [delivery] = source.deliver([key]);
  const slot = new Slot(delivery!, undefined as never);
  slot.key = key;
  return slot;
}

describe("KeyChains", () => {
  it("lets slots without a key run", () => {
    const chains = new KeyChains();
    const [one, other] = [makeSlot(""), makeSlot("")];
    assertEquals([chains.join(one), chains.join(other), chains.leave(one)], [
      true,
      true,
      undefined,
    ]);
  });

  it("links what comes behind the last that is still there", () => {
    const chains = new KeyChains();
    const [first, last, late] = [makeSlot("a"), makeSlot("a"), makeSlot("a")];
    chains.join(first);
    chains.join(last);
    assertEquals(chains.leave(last), undefined);
    assertEquals(chains.join(late), false);
    assertEquals(chains.leave(first) === late, true);
  });

  it("equals an array per key, wherever slots leave it", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b"),
      leave: fc.oneof(fc.constant(null), fc.nat(5)),
    });
    fc.assert(fc.property(fc.array(step), (steps) => {
      const chains = new KeyChains();
      const model: Record<string, Slot[]> = { a: [], b: [] };
      for (const { key, leave } of steps) {
        const queue = model[key]!;
        if (leave === null) {
          const slot = makeSlot(key);
          assertEquals(chains.join(slot), queue.length === 0);
          queue.push(slot);
        } else if (queue.length > 0) {
          const at = leave % queue.length;
          const [slot] = queue.splice(at, 1);
          const next = chains.leave(slot!);
          assertEquals(next === (at === 0 ? queue[0] : undefined), true);
        }
      }
    }));
  });
});
