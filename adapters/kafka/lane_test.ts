import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { KafkaLane } from "./lane.ts";
import { batchOf } from "./testdata/batches.ts";

describe("KafkaLane", () => {
  it("hands over what it keeps, in order and only once", () => {
    const lane = new KafkaLane("orders", 2, 5n);
    lane.keep([batchOf(5n, 3), batchOf(8n, 1)]);
    assertEquals(lane.take(3).map(({ token }) => token), [5n, 6n, 7n]);
    assertEquals(lane.isEmpty, false);
    assertEquals(lane.take(3).map(({ rec }) => rec.id), ["orders/2/8"]);
    assertEquals([lane.isEmpty, lane.take(1), lane.next], [true, [], 9n]);
  });

  it("leaves out what a batch holds from before the offset that was asked for", () => {
    const lane = new KafkaLane("orders", 0, 6n);
    lane.keep([batchOf(5n, 3)]);
    assertEquals(lane.take(9).map(({ token }) => token), [6n, 7n]);
  });

  it("passes over marks of transactions, and offsets that compaction has removed", () => {
    const lane = new KafkaLane("orders", 0, 0n);
    const compacted = { ...batchOf(1n, 1), lastOffsetDelta: 4 };
    lane.keep([{ ...batchOf(0n, 1), attributes: 0b11_0000 }, compacted]);
    assertEquals(lane.take(9).map(({ token }) => token), [1n]);
    assertEquals(lane.next, 6n);
  });

  it("keeps what it has when another broker answers the same", () => {
    const lane = new KafkaLane("orders", 0, 0n);
    lane.keep([batchOf(0n, 2)]);
    lane.keep([batchOf(0n, 3)]);
    assertEquals(lane.take(9).map(({ token }) => token), [0n, 1n]);
    lane.keep([batchOf(0n, 3)]);
    assertEquals(lane.take(9).map(({ token }) => token), [2n]);
  });
});
