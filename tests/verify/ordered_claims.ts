/**
 * Measures how fast a group takes messages from PostgreSQL while many wait.
 *
 * ```sh
 * deno run -A --lock=scripts/tools.lock tests/verify/ordered_claims.ts \
 *   --url "$BEAT_POSTGRES_URL" --keys 40 --backlog 20000
 * ```
 *
 * `--unordered` asks for no order of keys.
 *
 * @module
 */
import { Message } from "@beat/beat/message";
import { Router } from "@beat/beat/router";
import { publisher, subscriber } from "@beat/beat/transport";
import { fromPostgres, migrate, sqlTransport } from "@beat/sql";
import { parseArgs } from "node:util";
import postgres from "postgres";

/** Messages that are taken. */
const TAKEN = 2_000;
const CALL = 1_000;

const { values } = parseArgs({
  options: {
    url: { type: "string", default: Deno.env.get("BEAT_POSTGRES_URL") ?? "" },
    keys: { type: "string", default: "40" },
    backlog: { type: "string", default: "20000" },
    unordered: { type: "boolean", default: false },
  },
});
const keys = Number(values.keys);
const backlog = Math.max(Number(values.backlog), TAKEN);

const pool = postgres(values.url, { onnotice: () => {} });
const connection = fromPostgres(pool);
const prefix = `claims_${Date.now().toString(36)}_`;
await migrate(connection, { prefix });
const transport = sqlTransport({ connection, prefix });
const out = publisher(transport);
for (let first = 0; first < backlog; first += CALL) {
  const numbers = Array.from({ length: CALL }, (_, at) => first + at);
  await out.publish("t", numbers.map((at) => new Message("x", { key: `key-${at % keys}` })));
}

const done = Promise.withResolvers<void>();
let taken = 0;
const router = new Router();
const handler = router.on("take", "t", subscriber(transport), () => {
  if (++taken === TAKEN) done.resolve();
}).from("earliest").workers(16).inFlight(64);
if (!values.unordered) handler.keyed();
const began = performance.now();
const run = router.run();
await done.promise;
const speed = Math.round(TAKEN / (performance.now() - began) * 1_000);
console.log(`${keys} keys, ${backlog} waiting: ${speed} messages/s`);

await router.close();
await run;
await out.close();
await transport.close();
for (const table of ["messages", "groups", "deliveries", "topics", "marks"]) {
  await pool.unsafe(`DROP TABLE IF EXISTS ${prefix}${table} CASCADE`);
}
await pool.end({ timeout: 1 });
