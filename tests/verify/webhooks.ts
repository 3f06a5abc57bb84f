/**
 * Sends a million random requests to a webhook receiver: no crash, no hang, no answer that the contract
 * does not know, nothing delivered without a signature, and no memory that stays.
 *
 * ```sh
 * deno run -A --v8-flags=--expose-gc --lock=scripts/tools.lock tests/verify/webhooks.ts --requests 1000000
 * ```
 *
 * @module
 */

import fc from "fast-check";
import { parseArgs } from "node:util";
import { RandomReceiver, randomRequest } from "../../adapters/http/testdata/random_requests.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const total = Number(values.requests);
const seed = Number(values.seed);
const CHUNK = 2_000;
const AT_ONCE = 16;
/** Bytes that the heap may have grown by between the first tenth and the end. */
const GROWTH = 16 * 1_048_576;

/** The heap after the platform has let go of what ended: that takes turns of the event loop. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Say --v8-flags=--expose-gc");
  gc();
  return Deno.memoryUsage().heapUsed;
}

console.log(`${total} requests, --seed ${seed}`);
const receiver = new RandomReceiver();
await receiver.open();
let early = 0;
for (let sent = 0; sent < total; sent += CHUNK) {
  const requests = fc.sample(randomRequest, { numRuns: CHUNK, seed: seed + sent });
  const next = requests[Symbol.iterator]();
  // Without a turn of the event loop now and then nothing that a request has left behind is let go.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const request of next) await receiver.send(request);
  }));
  if (early === 0 && sent >= total / 10) early = await heap();
}
const growth = await heap() - early;
await receiver.close();
console.log(Object.fromEntries([...receiver.answers].sort()));
console.log(`The heap has grown by ${(growth / 1_048_576).toFixed(1)} MiB since the first tenth`);
if (growth > GROWTH) {
  console.error("Something stays in memory");
  Deno.exit(1);
}
