/**
 * A process that receives webhooks: it handles each, or it never settles any and is there to be killed.
 *
 * @module
 */

import { appendFileSync } from "node:fs";
import process from "node:process";
import { kvStore, webhookSubscriber } from "../mod.ts";
import { openFileKv } from "./file_kv.ts";
import { consume, SECRET } from "./requests.ts";

const [way, port, ackTimeout, effects, store] = process.argv.slice(2) as string[];
const hooks = webhookSubscriber({
  secrets: SECRET,
  ackTimeout: Number(ackTimeout),
  ...store !== undefined && { store: kvStore({ kv: openFileKv(store) }) },
});
await consume(hooks, "orders", (message) => {
  const { uuid } = message;
  console.log(`got ${uuid}`);
  if (way === "hangs") return;
  appendFileSync(effects!, JSON.stringify({ uuid, time: Date.now() }) + "\n");
  message.ack();
});
const listener = await hooks.listen({ port: Number(port) });
console.log(`${listener.port} is the port`);
