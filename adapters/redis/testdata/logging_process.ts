/**
 * A member of a group in a process of its own, which stands still with what it has when it has handled
 * some messages: it is there to be killed.
 *
 * @module
 */

import process from "node:process";
import { joinGroup } from "./logging_member.ts";

const [url, topic, log, lease, most] = process.argv.slice(2) as string[];
let count = 0;
await joinGroup({ url: url!, topic: topic!, log: log!, lease: Number(lease) }, async () => {
  console.log(`handled ${++count};`);
  if (count > Number(most)) await new Promise(() => {});
});
