import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError } from "../core/errors.ts";
import { createSyncBus } from "./sync.ts";
import { turn } from "./testdata/waits.ts";

describe("sync bus", () => {
  describe("emitAsync()", () => {
    it("starts the handlers in order and resolves when all have settled", async () => {
      const bus = createSyncBus();
      const calls: string[] = [];
      bus.on("a", async () => {
        calls.push("first starts");
        await turn();
        calls.push("first ends");
      });
      bus.on("a", () => calls.push("second"));
      const promise = bus.emitAsync("a");
      assertEquals(calls, ["first starts", "second"]);
      assertEquals(bus.stats().depth, 1);
      await promise;
      assertEquals(calls, ["first starts", "second", "first ends"]);
      assertEquals([bus.stats().processed, bus.stats().depth], [1, 0]);
    });

    it("rejects with one failure as it was, with several in an AggregateError", async () => {
      const heard: unknown[] = [];
      const bus = createSyncBus({ onError: (error) => void heard.push(error) });
      const error = new Error("broken");
      bus.on("one", () => Promise.reject(error));
      assertStrictEquals(await bus.emitAsync("one").catch((error) => error), error);
      bus.on("two", async () => {
        await turn();
        throw "slow";
      });
      bus.on("two", () => {
        throw "quick";
      });
      const several = await bus.emitAsync({ type: "two", data: 1 }).catch((error) => error);
      assertInstanceOf(several, AggregateError);
      assertEquals(several.errors, ["slow", "quick"]);
      const list = [error, [error]];
      bus.on("list", () => Promise.reject(list));
      assertStrictEquals(await bus.emitAsync("list").catch((error) => error), list);
      assertEquals([bus.stats().failed, heard.length], [4, 0]);
    });

    it("rejects an event without a type", async () => {
      const bus = createSyncBus();
      await assertRejects(() => bus.emitAsync(""), TypeError, "'type' must be");
      await assertRejects(() => bus.emitAsync(undefined as unknown as ""), TypeError);
    });

    it("rejects with a thrown undefined as it was", async () => {
      const bus = createSyncBus();
      bus.on("a", () => Promise.reject());
      bus.on("a", () => {});
      const outcome = await bus.emitAsync("a").then(() => "resolved", (error) => [error]);
      assertEquals(outcome, [undefined]);
      assertEquals(bus.stats().failed, 1);
    });

    it("rejects from outside while the bus drains, and once it is closed", async () => {
      const bus = createSyncBus();
      let calls = 0;
      bus.on("a", () => {
        calls++;
        return turn();
      });
      const first = bus.emitAsync("a");
      const drained = bus.drain();
      await assertRejects(() => bus.emitAsync("a"), BusClosedError, "Cannot emit 'a'");
      await Promise.all([first, drained]);
      await assertRejects(() => bus.emitAsync({ type: "a", data: 1 }), BusClosedError);
      assertEquals([calls, bus.stats().emitted], [1, 1]);
    });

    it("resolves for an event that nobody wants", async () => {
      const bus = createSyncBus();
      assertEquals(await bus.emitAsync("a"), undefined);
      assertEquals(bus.stats().processed, 1);
    });
  });
});
