/**
 * A member of a group in a process of its own: it is there to be killed.
 *
 * @module
 */

import process from "node:process";
import { joinGroup } from "./logging_member.ts";

const [url, topic, log, lease] = process.argv.slice(2) as [string, string, string, string];
let count = 0;
await joinGroup(
  { url, topic, log, lease: Number(lease) },
  () => console.log(`handled ${++count};`),
);
