/**
 * A consumer of the soak, in a process of its own: tells on its output what it has handled, and how many
 * bytes its heap holds when a line asks for it. It ends in good order when its input ends.
 *
 * @module
 */
import { type Message, silent } from "@beat/beat/message";
import { Router } from "@beat/beat/router";
import { subscriber } from "@beat/beat/transport";
import process from "node:process";
import { connect, PREFETCH } from "./brokers.ts";
import { heldBytes } from "./holding.ts";

const [broker, url, topic] = process.argv.slice(2) as [string, string, string];

/** Handlers take up to so many milliseconds. */
const LONGEST = 4;

async function handle(message: Message): Promise<void> {
  const time = Math.random() * LONGEST;
  if (time > 1) await new Promise((resolve) => setTimeout(resolve, time));
  if (Math.random() < 0.01) throw new Error("A handler fails now and then");
  process.stdout.write(`${message.key}:${message.metadata.get("sequence")}\n`);
}

if (import.meta.main) {
  const { transport, close } = await connect(broker, url);
  const router = new Router({ logger: silent });
  router.on("soak", topic, subscriber(transport), handle)
    .group("soak").workers(4).keyed().inFlight(PREFETCH)
    .from("earliest").retry({ maxRetries: 20, initialDelay: 5, maxDelay: 50 });
  const done = router.run();
  await router.running;
  process.stdout.write("ready\n");
  for await (const _ of process.stdin) process.stdout.write(`heap ${heldBytes()}\n`);
  await router.close({ timeout: 5_000 }).catch(() => {});
  await done.catch(() => {});
  await close();
  process.exit(0);
}
