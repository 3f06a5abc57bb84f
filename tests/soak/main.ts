/**
 * Random faults against real servers: `deno task soak`. A producer publishes messages of forty keys
 * through a network that fails, three consumers in processes of their own handle them, and a seeded
 * schedule kills consumers, cuts and freezes the network, and kills and restarts the server. In the
 * end all that was confirmed must have been handled, in the order of its key, with no more repeats
 * than the faults explain, and neither the producer nor the consumer that nobody kills may hold more
 * memory and handles than after a third of the time.
 *
 * `--minutes N` (10; fractions too), `--broker redis,postgres` (all), `--seed N` (random, printed).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { summaryLine } from "../../scripts/_outcome.ts";
import { findServer, status, up } from "../../scripts/_services.ts";
import { BROKERS } from "./brokers.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string", default: "10" },
    broker: { type: "string", default: BROKERS.join(",") },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0 && minutes <= 1_440) || !Number.isInteger(seed)) {
  console.error("Say --minutes as a number up to 1440, and --seed as an integer");
  Deno.exit(2);
}

let passed = 0;
let failed = 0;
let skipped = 0;
console.log(`seed ${seed}: ${minutes} min for each broker\n`);
for (const name of values.broker.split(",")) {
  if (!BROKERS.includes(name)) {
    console.error(`Say --broker as some of ${BROKERS.join(",")}`);
    Deno.exit(2);
  }
  const server = findServer(name);
  const wasUp = "url" in status(server);
  const service = await up(server, true);
  if ("missing" in service) {
    console.log(`${name}: skipped, ${service.missing}`);
    if (Deno.env.get("BEAT_REQUIRE_SERVICES") === "1") failed++;
    else skipped++;
    continue;
  }
  const faults = await soak(server, service.url, { milliseconds: minutes * 60_000, seed, wasUp });
  if (faults.length === 0) passed++;
  else failed++;
}
console.log(`\n${summaryLine(passed, failed, skipped)}`);
Deno.exit(failed > 0 ? 1 : 0);
