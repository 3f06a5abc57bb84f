/**
 * A process that takes a message and never settles it: it is there to be killed.
 *
 * @module
 */

import { consume } from "@beat/beat/transport";
import process from "node:process";
import { redisTransport } from "../mod.ts";

const [url, topic, lease] = process.argv.slice(2) as [string, string, string];
await consume(redisTransport({ url, lease: Number(lease) }), ([message]) => {
  console.log(`attempt ${message!.attempt}`);
  return new Promise(() => {});
}, { topic, group: "all", from: "earliest" });
