import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { measureHealth } from "./measure_health.ts";

const never = () => new Promise<never>(() => {});

describe("measureHealth()", () => {
  it("is ok when there is an answer, and tells how long it took", async () => {
    const { ok, latencyMs } = await measureHealth(() => Promise.resolve());
    assert(ok && latencyMs >= 0);
  });

  it("has the cause of what was refused, thrown or rejected", async () => {
    const cause = new Error("gone");
    const thrown = await measureHealth(() => {
      throw cause;
    });
    const rejected = await measureHealth(() => Promise.reject(cause));
    for (const { ok, cause: told } of [thrown, rejected]) assertEquals([ok, told], [false, cause]);
  });

  it("ends when the signal aborts, and asks nothing when it has aborted", async () => {
    const abort = new AbortController();
    const asking = measureHealth(never, { signal: abort.signal });
    abort.abort("enough");
    assertEquals((await asking).cause, "enough");
    let asked = 0;
    const { cause } = await measureHealth(() => asked++, { signal: abort.signal });
    assertEquals([asked, cause], [0, "enough"]);
  });
});
