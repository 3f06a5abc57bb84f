import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { PartitionLog } from "./partition_log.ts";
import { rec } from "./testdata/member.ts";

describe("PartitionLog", () => {
  it("equals an array, however it grows and shrinks", () => {
    fc.assert(fc.property(
      fc.array(fc.record({ add: fc.nat(60), drop: fc.nat(60) }), { maxLength: 40 }),
      (steps) => {
        const log = new PartitionLog();
        const model: { offset: number; sequence: number; time: number }[] = [];
        let sequence = 0;
        for (const { add, drop } of steps) {
          for (let i = 0; i < add; i++) {
            const entry = { offset: log.tail, sequence: sequence += 3, time: sequence >> 2 };
            log.append(rec(String(entry.offset)), entry.sequence, entry.time);
            model.push(entry);
          }
          for (let i = 0; i < drop && model.length > 0; i++) {
            log.dropOldest();
            model.shift();
          }
          assertEquals(log.tail - log.head, model.length);
          assertEquals(log.oldest, model[0]?.sequence ?? Infinity);
          for (const { offset, sequence, time } of model) {
            assertEquals([log.at(offset).id, log.sequenceAt(offset)], [String(offset), sequence]);
            const first = model.find((entry) => entry.time >= time)!;
            assertEquals(log.firstSince(time), first.offset);
          }
          assertEquals(log.firstSince(Infinity), log.tail);
          assertEquals(log.firstSince(-Infinity), log.head);
        }
      },
    ));
  });
});
