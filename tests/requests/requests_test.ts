/** `docs/runtimes.md` says where in a worker of workerd a bus may live: over several requests. */
import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { startWorker } from "../_workerd/mod.ts";

const EVENTS = 5_000;

let worker: Awaited<ReturnType<typeof startWorker>>;

beforeAll(async () => {
  worker = await startWorker(new URL("./testdata/worker.ts", import.meta.url));
});

afterAll(() => worker.dispose());

async function ask(path: string): Promise<number> {
  const response = await worker.dispatchFetch(`http://worker.test/${path}`);
  return Number(await response.text());
}

/** Asks until everything that earlier requests have emitted was handled. */
async function handled(kind: string, wanted: number): Promise<void> {
  // Bounded, as what stands still would be waited for for ever.
  for (let tries = 0; tries < 1_000 && await ask(`count/${kind}`) < wanted; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(await ask(`count/${kind}`), wanted);
}

describe("a bus in workerd", () => {
  for (const kind of ["sync", "flow", "async"]) {
    it(`handles the events of several requests: ${kind}`, async () => {
      for (let round = 1; round <= 3; round++) {
        await ask(`emit/${kind}?events=${EVENTS}`);
        await handled(kind, round * EVENTS);
      }
    });
  }
});
