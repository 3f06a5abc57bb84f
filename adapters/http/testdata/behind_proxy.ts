/**
 * Publishes one message to the URL in its arguments, in an environment that names a proxy.
 *
 * @module
 */

import { Message } from "@beat/beat/message";
import process from "node:process";
import { webhookPublisher } from "../mod.ts";

const hooks = webhookPublisher({
  url: process.argv[2]!,
  unsigned: true,
  insecureHttp: true,
  allow: ["127.0.0.1/32"],
});
await hooks.publish("orders", new Message("hello"));
await hooks.close();
