import { assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Growth that is noise: what a collection leaves differs by so much from one to the next. */
const NOISE = 2_000_000;

const MEASURE = fileURLToPath(new URL("./_measure.ts", import.meta.url));

function flags(): string[] {
  if ("Deno" in globalThis) return ["run", "--no-check", "-A", "--v8-flags=--expose-gc"];
  if ("Bun" in globalThis) return [];
  return ["--expose-gc", "--no-warnings"];
}

function measure(name: string, count: number): Promise<{ grown: number }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags(), MEASURE, name, String(count)], (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout));
      else reject(error);
    });
  });
}

const CASES: [name: string, count: number][] = [
  ["distinct types on a sync bus, a tenth on an async and a flow bus", 10_000_000],
  ["distinct topics", 1_000_000],
  ["subscriptions that end", 100_000],
  ["types that end in a chain", 100_000],
  ["types that overlap in a chain", 100_000],
  ["iterators and listeners that end", 50_000],
  ["large events that were handled", 1_000],
  ["large events of one burst", 5_000],
  ["buses that are closed", 10_000],
  ["records in memory", 200_000],
  ["consumers in memory", 5_000],
  ["subscriptions behind a bus", 10_000],
];

describe("the heap", () => {
  for (const [name, count] of CASES) {
    it(`does not grow over ${count} ${name}`, async () => {
      assertLess((await measure(name, count)).grown, NOISE);
    });
  }
});
