/**
 * A process that takes messages and never settles one: it is there to be killed.
 *
 * @module
 */

import { consume } from "@beat/beat/transport";
import process from "node:process";
import { kafkaTransport } from "../mod.ts";

const [brokers, topic, session] = process.argv.slice(2) as [string, string, string];
const kafka = kafkaTransport({ brokers, sessionTimeout: Number(session) });
await consume(kafka, ([message]) => {
  console.log(`got ${message!.text()}`);
  return new Promise(() => {});
}, { topic, group: "all", from: "earliest", workers: 8, ordered: "key" });
console.log("joined");
