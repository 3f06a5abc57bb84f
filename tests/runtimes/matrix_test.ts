import { describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";
import { type Capabilities, capabilities } from "../../src/runtime/capabilities.ts";
import { MATRIX } from "./_matrix.ts";
import { type Column, currentColumn, expectedOf, outcomeOf, WORKS } from "./_table.ts";

const HERE = currentColumn();

const RUNTIMES: Record<Column, Capabilities["runtime"]> = {
  deno: "deno",
  bun: "bun",
  node22: "node",
  node24: "node",
  node26: "node",
  workerd: "workerd",
  chromium: "browser",
};

describe("matrix", () => {
  for (const row of MATRIX) {
    const expected = expectedOf(row, HERE);
    it(`${row.capability} ${expected} in ${HERE}`, async () => {
      assertEquals(await outcomeOf(row), expected);
    });
  }

  it(`capabilities() agrees with it in ${HERE}`, async () => {
    const web = works("a Worker from a blob: URL");
    const node = works("a thread of node:worker_threads");
    const sharedMemory = works(
      `shared memory in a ${web ? "Worker from a blob: URL" : "thread of node:worker_threads"}`,
    );
    assertEquals(await capabilities(), {
      runtime: RUNTIMES[HERE],
      threads: web ? "web-worker" : node ? "worker_threads" : "none",
      sharedMemory,
      blockingWait: works("Atomics.wait on the main thread"),
      asyncWait: sharedMemory && works("Atomics.waitAsync"),
      pause: works("Atomics.pause"),
      hardwareConcurrency: navigator.hardwareConcurrency,
    });
  });
});

/** Whether the matrix expects a capability to work here. */
function works(capability: string): boolean {
  const row = MATRIX.find((candidate) => candidate.capability === capability);
  if (row === undefined) throw new Error(`The matrix has no row '${capability}'`);
  return expectedOf(row, HERE) === WORKS;
}
