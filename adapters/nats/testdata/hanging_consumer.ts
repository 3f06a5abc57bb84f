/**
 * A process that takes messages and never settles them: it is there to be killed.
 *
 * @module
 */

import { consume } from "@beat/beat/transport";
import process from "node:process";
import { natsTransport } from "../mod.ts";

const [url, topic, lease] = process.argv.slice(2) as [string, string, string];
await consume(natsTransport({ servers: url, lease: Number(lease) }), ([message]) => {
  console.log(`attempt ${message!.attempt}`);
  return new Promise(() => {});
}, { topic, group: "all", from: "earliest" });
