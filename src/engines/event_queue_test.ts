import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { Resolution } from "../core/resolution.ts";
import { EventQueue } from "./event_queue.ts";

describe("EventQueue", () => {
  it("agrees with an array, however its ring is passed round and grows", () => {
    const act = fc.record({
      act: fc.constantFrom("push", "push", "shift", "take"),
      count: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const queue = new EventQueue();
        const model: number[] = [];
        let next = 0;
        for (const { act, count } of acts) {
          const some = Math.min(count, model.length);
          if (act === "push") {
            for (let i = 0; i < count; i++, next++) {
              queue.push(new Resolution(`${next}`), { type: `${next}`, data: next });
              model.push(next);
            }
          } else if (act === "take") {
            assertEquals(queue.take(some).map(({ data }) => data), model.splice(0, some));
          } else {
            for (let i = 0; i < some; i++) {
              assertEquals(queue.peekResolution().type, `${model[0]}`);
              assertEquals(queue.shift().data, model.shift());
            }
          }
          assertEquals(queue.size, model.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
