/**
 * Takes a hundred thousand orders through outbox, relays, broker and consumers that are killed all the
 * time. With marks in the transaction of the effect each order has exactly one; with a store in memory or
 * in Redis what a crash cuts off is repeated, and counted.
 *
 * `deno task verify --only outbox` takes two thousand through SQLite, with `--long` all through each of the
 * three databases. By hand, and otherwise:
 *
 * ```sh
 * deno task services up postgres
 * BEAT_POSTGRES_URL=… deno run -A --lock=scripts/tools.lock tests/verify/outbox.ts --database postgres
 * deno run -A --lock=scripts/tools.lock tests/verify/outbox.ts --count 10000 --store memory
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { verifyOutbox } from "./_outbox.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    database: { type: "string", default: "sqlite" },
    store: { type: "string", default: "sql" },
    "kill-every": { type: "string", default: "1000" },
  },
});
const DATABASES = {
  sqlite: ["sqlite", await Deno.makeTempDir({ prefix: "beat-outbox-" })],
  postgres: ["postgres", Deno.env.get("BEAT_POSTGRES_URL")],
  mariadb: ["mysql", Deno.env.get("BEAT_MARIADB_URL")],
} as const;
const { database, store } = values;
const [client, url] = DATABASES[database as keyof typeof DATABASES] ?? [];
if (client === undefined || url === undefined || !["sql", "memory", "redis"].includes(store)) {
  const must = "'--database' must be sqlite, postgres or mariadb with its URL in the environment";
  throw new RangeError(`Cannot verify the outbox: ${must}, '--store' sql, memory or redis`);
}

console.log(
  `${values.count} orders, --database ${database} --store ${store} --seed ${values.seed}`,
);
const started = performance.now();
const report = await verifyOutbox({
  client,
  url,
  count: Number(values.count),
  seed: Number(values.seed),
  killEvery: Number(values["kill-every"]),
  store: store as "sql" | "memory" | "redis",
});
await Deno.remove(DATABASES.sqlite[1], { recursive: true });
console.log(report, `${((performance.now() - started) / 1_000).toFixed(0)} s`);
const { missing, ghosts, repeats } = report;
if (missing > 0 || ghosts > 0 || (store === "sql" && repeats > 0)) {
  console.error("Not every order had exactly one effect");
  Deno.exit(1);
}
