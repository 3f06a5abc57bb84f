import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { failuresOf } from "./outcomes.ts";

// Codes of the protocol: https://kafka.apache.org/protocol#protocol_error_codes
const STORED = 0;
const NOT_LEADER = 6;
const TIMED_OUT = 7;
const TOO_LARGE = 10;
const NOT_ENOUGH_REPLICAS = 19;

/** An error of the client with what brokers have answered, a code for each partition. */
function answered(...codes: number[]): Error {
  const partitionResponses = codes.map((errorCode, index) => ({ index, errorCode }));
  return Object.assign(new Error("Produce failed"), {
    response: { responses: [{ partitionResponses }] },
  });
}

describe("what became of records when a call has failed", () => {
  it("is that of their partition: stored, refused, or nobody knows", () => {
    const cause = answered(STORED, TOO_LARGE, TIMED_OUT, NOT_ENOUGH_REPLICAS);
    const outcomeOf = failuresOf(cause);
    assertEquals([0, 1, 2, 3].map((partition) => outcomeOf(partition)?.outcome), [
      undefined,
      "rejected",
      "unknown",
      "rejected",
    ]);
    assertEquals(outcomeOf(1)?.cause, cause);
  });

  it("is unknown where no broker has answered, as of a connection that broke", () => {
    assertEquals(failuresOf(new Error("closed"))(0)?.outcome, "unknown");
    assertEquals(failuresOf(answered(STORED))(1)?.outcome, "unknown");
  });

  it("is what was said last of several attempts, wherever in the error that stands", () => {
    const attempts = [answered(NOT_LEADER, TOO_LARGE), answered(STORED, STORED)];
    const cause = new Error("All attempts failed", { cause: new AggregateError(attempts) });
    assertEquals(failuresOf(cause)(0), undefined);
    assertEquals(failuresOf(cause)(1), undefined);
    const worse = new AggregateError([answered(STORED), answered(TOO_LARGE)]);
    assertEquals(failuresOf(worse)(0)?.outcome, "rejected");
  });
});
