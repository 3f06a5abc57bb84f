/**
 * Fills a topic: the words are the broker, the topic, how many messages, and the file of SQLite.
 *
 * @module
 */
import process from "node:process";
import { publisher } from "../../../src/transport/mod.ts";
import { newMessage, several } from "./client.ts";
import { openTransport } from "./ours.ts";
import type { BrokerName } from "./places.ts";

const CALL = 1_000;
/** Calls on their way at once. */
const CALLS = 4;

const [name, topic, count, url] = process.argv.slice(2) as [BrokerName, string, string, string?];
const { transport, close } = await openTransport(name, url);
const out = publisher(transport);
const payload = new Uint8Array(64).fill(97);
let left = Number(count);
await Promise.all(Array.from({ length: CALLS }, async () => {
  while (left > 0) {
    const length = Math.min(CALL, left);
    left -= length;
    await out.publish(topic, several(newMessage, payload, length));
  }
}));
await out.close();
await close();
process.exit(0);
