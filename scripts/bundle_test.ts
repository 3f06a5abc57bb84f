import { assert, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { bundleTests } from "./_bundle.ts";

const OPTIONS = { conditions: ["browser"], start: "" };

describe("bundleTests()", () => {
  it("serves several suites at a time, also beside one that cannot be bundled", async () => {
    const files = ["src/options/options_test.ts", "src/message/names_test.ts"];
    const bundles = files.map((file) => bundleTests([file], OPTIONS));
    await assertRejects(() => bundleTests(["src/nowhere_test.ts"], OPTIONS), Error, "nowhere");
    for (const bundle of await Promise.all(bundles)) assert(bundle.includes("__BEAT_TESTS__"));
  });
});
