/** That nothing which is there already is waited for. */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { silent } from "../message/logger.ts";
import type { Message } from "../message/message.ts";
import { subscriber } from "../transport/subscriber.ts";
import type { Middleware, Produced } from "../message/handler.ts";
import { Router } from "./mod.ts";
import { record, Redelivering } from "./testdata/redelivering.ts";
import { World } from "./testdata/world.ts";

const passing: Middleware = (next) => (work) => next(work);

/** What has become of a message when who offered it goes on. */
async function offered(handle: (message: Message) => Produced | Promise<Produced>) {
  const world = new World();
  const broker = new Redelivering(world);
  const router = new Router({ logger: silent });
  const notes: string[] = [];
  const handler = router.on("h", "in", subscriber(broker.transport), (message) => {
    notes.push("handled");
    return handle(message);
  }).addMiddleware(passing, passing, passing, passing, passing);
  const run = router.run();
  await router.running;
  const host = await broker.host;
  const lane = { name: "", fenced: false };
  const isTaken = host.offer({ rec: record("a"), token: 1, lane, count: 1 });
  const { acked } = handler.stats()!;
  const found = { isTaken, notes: [...notes], acked };
  await router.close();
  await run;
  await world.close();
  return found;
}

describe("a message that a broker offers", () => {
  it("is handled, and acked, in the stack of the offer where its handler is synchronous", async () => {
    assertEquals(await offered(() => {}), { isTaken: true, notes: ["handled"], acked: 1 });
  });

  it("is acked later where its handler is not", async () => {
    const found = await offered(async () => {});
    assertEquals(found, { isTaken: true, notes: ["handled"], acked: 0 });
  });
});
