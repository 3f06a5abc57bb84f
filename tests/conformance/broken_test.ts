import { readdir, readFile } from "node:fs/promises";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CASES } from "../../src/testing/cases/mod.ts";
import { runCase } from "../../src/testing/conformance.ts";
import { resolveTerms } from "../../src/testing/options.ts";
import { FACES } from "../../src/testing/world.ts";
import { ADMIN_DEFECTS } from "./_admin_defects.ts";
import { ATTEMPT_DEFECTS } from "./_attempt_defects.ts";
import { BACKPRESSURE_DEFECTS } from "./_backpressure_defects.ts";
import { BOOKS_DEFECTS } from "./_books_defects.ts";
import type { Bench } from "./_broken.ts";
import { CLOCK_DEFECTS } from "./_clock_defects.ts";
import { CLOSE_DEFECTS } from "./_close_defects.ts";
import { CONTENT_DEFECTS } from "./_content_defects.ts";
import type { Defects } from "./_defects.ts";
import { DELIVERY_DEFECTS } from "./_delivery_defects.ts";
import { FETCHING_DEFECTS } from "./_fetching_defects.ts";
import { FROM_DEFECTS } from "./_from_defects.ts";
import { GROUP_DEFECTS } from "./_group_defects.ts";
import { LEAK_DEFECTS } from "./_leak_defects.ts";
import { NETWORK_DEFECTS } from "./_network_defects.ts";
import { ORDER_DEFECTS } from "./_order_defects.ts";
import { RETURN_DEFECTS } from "./_return_defects.ts";
import { SUBSCRIBE_DEFECTS } from "./_subscribe_defects.ts";

const DEFECTS: Defects = {
  // First, as what the others break may still set timers when their tests are over.
  ...LEAK_DEFECTS,
  ...DELIVERY_DEFECTS,
  ...ATTEMPT_DEFECTS,
  ...SUBSCRIBE_DEFECTS,
  ...FROM_DEFECTS,
  ...FETCHING_DEFECTS,
  ...BACKPRESSURE_DEFECTS,
  ...GROUP_DEFECTS,
  ...ORDER_DEFECTS,
  ...CONTENT_DEFECTS,
  ...BOOKS_DEFECTS,
  ...ADMIN_DEFECTS,
  ...CLOSE_DEFECTS,
  ...RETURN_DEFECTS,
  ...CLOCK_DEFECTS,
  ...NETWORK_DEFECTS,
};

/** Milliseconds to wait for what will not happen, and for what will, on a busy machine. */
const SHORT = 300;
const LONG = 5_000;

/** The files of the tests, and what an assertion in them looks like. */
const FOLDER = new URL("../../src/testing/cases/", import.meta.url);
const ASSERTION =
  /\b(demand|demandEqual|demandNone|failureOf|until|eventually|gets|counts|take|idle|renew|within)\(/;

/** Where in those files an assertion has failed, as `batch.ts:40`. */
const failed = new Set<string>();

async function run(name: string, bench: Bench, deadline: number): Promise<void> {
  const found = CASES.find((one) => one.name === name)!;
  const { faces, end, ...options } = bench;
  const terms = resolveTerms(
    { test: it, deadline, quiet: 20, short: true, ...options },
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
    for (const { defect, make, says, waits = false } of defects) {
      it({
        name: `fails when the transport ${defect}: ${name}`,
        // What is broken may end late, or never.
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          const deadline = waits ? SHORT : LONG;
          const error = await assertRejects(() => run(name, make(), deadline)) as Error;
          assertMatch(String(error), says);
          assertEquals(/ within \d+ ms$/.test(error.message), waits);
          for (const [, place] of error.stack!.matchAll(/\/cases\/(\w+\.ts:\d+)/g)) {
            failed.add(place!);
          }
        },
      });
    }
  }

  it("has no assertion that no defect has failed", async () => {
    const places: string[] = [];
    for (const name of await readdir(FOLDER)) {
      const lines = (await readFile(new URL(name, FOLDER), "utf8")).split("\n");
      for (const [at, line] of lines.entries()) {
        if (ASSERTION.test(line)) places.push(`${name}:${at + 1}`);
      }
    }
    assert(places.length > 50);
    assertEquals(places.filter((place) => !failed.has(place)), []);
  });
});
