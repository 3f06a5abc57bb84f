import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CASES } from "../../src/testing/cases/mod.ts";
import { runCase } from "../../src/testing/conformance.ts";
import { resolveTerms } from "../../src/testing/options.ts";
import { FACES } from "../../src/testing/world.ts";
import type { Bench } from "./_broken.ts";
import { type Defects, DELIVERY_DEFECTS } from "./_defects.ts";
import { LEAK_DEFECTS } from "./_leak_defects.ts";
import { MORE_DEFECTS } from "./_more_defects.ts";
import { NETWORK_DEFECTS } from "./_network_defects.ts";

const DEFECTS: Defects = {
  // First, as what the others break may still set timers when their tests are over.
  ...LEAK_DEFECTS,
  ...DELIVERY_DEFECTS,
  ...MORE_DEFECTS,
  ...NETWORK_DEFECTS,
};

/** What is broken is found at the deadline: it may be short. */
const DEADLINE = 300;

async function run(name: string, bench: Bench): Promise<void> {
  const found = CASES.find((one) => one.name === name)!;
  const { faces, end, ...options } = bench;
  const terms = resolveTerms(
    { test: it, deadline: DEADLINE, quiet: 20, short: true, ...options },
    bench.connect().traits,
  );
  assertEquals(found.needs?.(terms), undefined);
  try {
    await runCase(found, terms, { ...FACES, ...faces });
  } finally {
    end?.();
  }
}

describe("every test of the conformance suite", () => {
  it("has a defect that it must find", () => {
    assertEquals(Object.keys(DEFECTS).sort(), CASES.map(({ name }) => name).sort());
  });

  it("has a name of its own, of kind and behaviour", () => {
    assertEquals(new Set(CASES.map(({ name }) => name)).size, CASES.length);
    for (const { name } of CASES) assertMatch(name, /^[a-z]+: \S/);
  });

  for (const [name, defects] of Object.entries(DEFECTS)) {
    for (const { defect, make, says } of defects) {
      it({
        name: `fails when the transport ${defect}: ${name}`,
        // What is broken may end late, or never.
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          const error = await assertRejects(() => run(name, make()));
          assertMatch(String(error), says);
        },
      });
    }
  }
});
