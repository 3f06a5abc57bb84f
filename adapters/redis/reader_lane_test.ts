import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Connection } from "./connection.ts";
import { ReaderLane } from "./reader_lane.ts";

/** Entries of a stream that has nothing before them. */
function entriesOf(...ids: readonly string[]) {
  return ids.map((id) => ({ id, fields: [], count: 1 }));
}

describe("ReaderLane", () => {
  it("counts what comes while the server is asked", async () => {
    const lane = new ReaderLane("", "a stream", "0-0");
    lane.receive(entriesOf("1-0"));
    lane.settle("1-0");
    const answer = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    const connection = {
      call(name: string) {
        if (name === "EXISTS") return Promise.resolve(1);
        asked.resolve();
        return answer.promise;
      },
    } as unknown as Connection;
    const lag = lane.lag(connection);
    await asked.promise;
    lane.receive(entriesOf("2-0"));
    const state = {
      length: 2,
      "entries-added": 2,
      "recorded-first-entry-id": "1-0",
      "last-generated-id": "2-0",
    };
    answer.resolve(Object.entries(state).flat().map(toReply));
    assertEquals((await lag).lag, 1);
  });
});

function toReply(value: string | number): Uint8Array | number {
  return typeof value === "number" ? value : new TextEncoder().encode(value);
}
