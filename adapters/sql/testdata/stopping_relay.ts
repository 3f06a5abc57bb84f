/**
 * A relay that stops at one of its steps: it is there to be killed.
 *
 * @module
 */

import { relay, sqlPublisher } from "../mod.ts";
import process from "node:process";
import { type Client, open } from "./servers.ts";
import { stoppingConnection, stoppingPublisher, STOPS } from "./stopping.ts";

const [client, url, prefix, broker, step] = process.argv.slice(2) as string[];
const stop = STOPS.find(({ name }) => name === step)!;
const { connection } = await open(client as Client, url!);
await relay({
  connection: stoppingConnection(connection, stop),
  prefix: prefix!,
  publisher: stoppingPublisher(sqlPublisher({ connection, prefix: broker! }), stop),
  lease: 300,
  pollInterval: 5,
  attempts: Math.min(stop.refusals ?? 1, Number.MAX_SAFE_INTEGER),
});
