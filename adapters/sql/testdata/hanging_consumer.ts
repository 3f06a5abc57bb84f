/**
 * A process that takes a message and never settles it: it is there to be killed.
 *
 * @module
 */

import { consume } from "@beat/beat/transport";
import process from "node:process";
import { sqlTransport } from "../mod.ts";
import { type Client, open } from "./servers.ts";

const [client, url, prefix, lease] = process.argv.slice(2) as string[];
const { connection } = await open(client as Client, url!);
const transport = sqlTransport({ connection, prefix: prefix!, lease: Number(lease) });
await consume(transport, ([message]) => {
  console.log(`attempt ${message!.attempt}`);
  return new Promise(() => {});
}, { topic: "orders", group: "all", from: "earliest" });
