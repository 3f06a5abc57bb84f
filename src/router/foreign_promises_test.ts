import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Middleware } from "../message/handler.ts";
import {
  circuitBreaker,
  correlation,
  deduplicate,
  duplicate,
  ignoreErrors,
  logging,
  memoryStore,
  prometheus,
  recoverer,
  retry,
  timeout,
} from "../middleware/mod.ts";
import { inWorld, Seen, settle } from "./testdata/world.ts";

type Callback = (value?: unknown) => void;

/** The least that a promise can be: its `then` gives nothing. */
function foreign(then: (resolve: Callback, reject: Callback) => void): Promise<void> {
  return { then: (resolve: Callback, reject: Callback) => then(resolve, reject) } as Promise<void>;
}

const AROUND: Readonly<Record<string, Middleware>> = {
  "no middleware": (next) => next,
  circuitBreaker: circuitBreaker(),
  correlation: correlation(),
  deduplicate: deduplicate({ store: memoryStore() }),
  duplicate: duplicate(),
  ignoreErrors: ignoreErrors(SyntaxError),
  logging: logging(),
  prometheus: prometheus().middleware,
  recoverer: recoverer(),
  retry: retry(0),
  timeout: timeout({ after: 60_000 }),
};

describe("a handler with promises of another kind", () => {
  for (const [name, middleware] of Object.entries(AROUND)) {
    it(`is waited for, and fails when they do: ${name}`, () =>
      inWorld(async (world) => {
        const began = new Seen<() => void>();
        const failed = new Seen<string>();
        world.router.on("bill", "orders", world.in, (message) =>
          foreign((resolve, reject) => {
            if (message.attempt > 1) resolve();
            else began.add(() => reject(new Error("not now")));
          })).retry({ delays: [0] }).addMiddleware(middleware, (next) => (work) => {
            const outcome = next(work);
            (outcome as Promise<void>).then(() => {}, (error) => failed.add(String(error)));
            return outcome;
          });
        await world.run();
        await world.publish("orders", "1");
        const [fail] = await began.count(1);
        await settle();
        const [handler] = world.router.handlers();
        assertEquals(handler!.stats()!.acked, 0);
        fail!();
        while (handler!.stats()!.acked === 0) await settle();
        assertEquals([handler!.stats()!.failed, failed.values], [1, ["Error: not now"]]);
      }));
  }

  it("is settled once when they call back several times", () =>
    inWorld(async (world) => {
      const calls: string[] = [];
      world.router.on("bill", "orders", world.in, (message) => {
        calls.push(message.text());
        return foreign((resolve, reject) => {
          resolve();
          resolve();
          reject(new Error("too late"));
        });
      });
      await world.run();
      await world.publish("orders", "1", "2", "3");
      const [handler] = world.router.handlers();
      while (handler!.stats()!.acked < 3) await settle();
      const { failed, running } = handler!.stats()!;
      assertEquals([calls.sort(), failed, running], [["1", "2", "3"], 0, 0]);
    }));

  it("fails when they throw, and goes on", () =>
    inWorld(async (world) => {
      const thrown = (): never => {
        throw new Error("no then");
      };
      const odd: unknown[] = [
        foreign(thrown),
        Object.defineProperty({}, "then", { get: thrown }),
      ];
      world.router.on("bill", "orders", world.in, () => odd.shift() as Promise<void>)
        .onExhausted("discard");
      await world.run();
      await world.publish("orders", "1", "2", "3");
      const [handler] = world.router.handlers();
      while (handler!.stats()!.acked < 3) await settle();
      const { discarded, running } = handler!.stats()!;
      assertEquals([discarded, running], [2, 0]);
    }));
});
