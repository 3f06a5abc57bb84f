import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { RandomReceiver, randomRequest } from "./testdata/random_requests.ts";

describe("a webhook receiver", () => {
  it("survives 10 000 random requests, and delivers none that is not signed", async () => {
    const receiver = new RandomReceiver();
    await receiver.open();
    const property = fc.asyncProperty(randomRequest, (request) => receiver.send(request));
    await fc.assert(property, { numRuns: 10_000, endOnFailure: true });
    await receiver.close();
    // Each check has had its turn.
    for (const status of [204, 400, 401, 404, 405, 413, 415, 503]) {
      assert((receiver.answers.get(status) ?? 0) > 10, `${status} came too seldom`);
    }
  });
});
