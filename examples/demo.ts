/**
 * Feeds 329 real webhook deliveries of GitHub through a typed bus, by both engines, and checks what
 * every subscriber got against counts that are taken from the payloads alone. Then posts the same
 * payloads as signed webhooks to a receiver, takes them through a router with retries, dead letters and
 * replay, and checks that too; `--serve` keeps the receiver running for GitHub or `curl`,
 * `--broker` takes a server instead of memory.
 * `--threads N` sends the payloads through threads instead, one of which is killed half-way.
 *
 * `deno task demo`, `node examples/demo.ts` or `bun examples/demo.ts`; `--help` tells the options.
 * It exits with 1 if a single count is off.
 *
 * Where to read on: `demo/deliveries.ts` is the typed event map, `demo/subscribers.ts` the wildcards
 * and the handlers, `demo/engines.ts` the two buses; `demo/webhooks/flow.ts` is the router,
 * `demo/threads/handlers.ts` what a thread does.
 *
 * @module
 */

import process from "node:process";
import { main } from "./demo/main.ts";

process.exitCode = await main(process.argv.slice(2), process.stdout);
