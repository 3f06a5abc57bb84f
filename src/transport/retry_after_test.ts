import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PublishError } from "../message/errors.ts";
import { retryAfterOf } from "./retry_after.ts";

const asking = (retryAfter: unknown, cause?: unknown) =>
  Object.assign(new Error("busy", { cause }), { retryAfter });

describe("retryAfterOf()", () => {
  it("is what an error says in milliseconds, and 0 where it says none", () => {
    assertEquals(retryAfterOf(asking(250)), 250);
    for (const odd of [-1, NaN, "250", undefined, {}]) assertEquals(retryAfterOf(asking(odd)), 0);
    for (const odd of [undefined, null, "busy", 7]) assertEquals(retryAfterOf(odd), 0);
  });

  it("is the longest that the error or one of its causes says", () => {
    assertEquals(retryAfterOf(asking(undefined, asking(30, asking(20)))), 30);
    assertEquals(retryAfterOf(asking(10, "no error")), 10);
  });

  it("is the longest of all messages that were not published", () => {
    const failed = [5, undefined, 9].map((wait, index) => ({
      index,
      cause: asking(wait),
      outcome: "rejected" as const,
    }));
    assertEquals(retryAfterOf(new PublishError("orders", failed, 4)), 9);
  });

  it("comes to an end where errors cause each other", () => {
    const one = asking(1);
    const other = asking(2, one);
    one.cause = other;
    assertEquals(retryAfterOf(one), 2);
  });
});
