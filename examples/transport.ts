/**
 * A transport of one's own: a shelf with tickets as the broker, and everything else from the engine.
 * `examples/transport/` has it, `docs/transports.md` explains it.
 *
 * @module
 */

import { Message } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { Shelf } from "./transport/shelf.ts";
import { shelfTransport } from "./transport/shelf_transport.ts";

const transport = shelfTransport(new Shelf());
const dead = Promise.withResolvers<Message>();

// Retries, the order of keys, dead letters: nothing of that is in the transport.
const billing = await consume(transport, ([message]) => {
  const { key, attempt } = message!;
  console.log(`${key}, attempt ${attempt}`);
  if (key === "broken" || (key === "shy" && attempt === 1)) throw new Error("not billed");
}, {
  topic: "orders",
  group: "billing",
  ordered: { by: "key", scope: "member" },
  retry: { delays: [5] },
  deadLetter: {
    topic: "orders.dead",
    handler: "bill",
    publish: (letter) => Promise.resolve(dead.resolve(letter)),
  },
});

const orders = publisher(transport);
const keys = ["good", "shy", "broken"];
await orders.publish("orders", keys.map((key) => new Message("an order", { key })));
const letter = await dead.promise;
console.log(`${letter.key} is dead: ${letter.metadata.get("dlq_reason")}`);

await billing.close();
await orders.close();
await transport.close();
