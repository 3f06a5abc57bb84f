import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { eachForm, failing, failureOf } from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { inWorld, settle } from "../router/testdata/world.ts";
import { instantAck } from "./instant_ack.ts";

describe("instantAck", () => {
  eachForm((form, make) => {
    it(`acks before the handler runs, which then fails, ${form}`, async () => {
      const work = make();
      const states: string[] = [];
      const error = new Error("broken");
      const handle = instantAck()((work) => {
        states.push(...work.messages.map(({ state }) => state));
        return failing(error)(work);
      });
      assertStrictEquals(await failureOf(() => handle(work)), error);
      assertEquals(states, work.messages.map(() => "acked"));
      assertEquals(work.messages.map((message) => message.nack()), work.messages.map(() => false));
    });

    it(`returns at once what a synchronous handler returns, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(instantAck()(() => produced)(make()), produced);
    });
  });

  it("leaves it to the router to tell of a failure, once", () =>
    inWorld(async (world) => {
      const handler = world.router.on("bill", "orders", world.in, () => {
        throw new Error("broken");
      }).addMiddleware(instantAck());
      await world.run();
      await world.publish("orders", "a");
      await settle();
      const told = world.lines.filter(({ level }) => level === "error");
      assertEquals(told.map(({ message }) => message), ["handler failed after the ack"]);
      assertEquals([handler.stats()!.acked, handler.stats()!.failed], [1, 1]);
    }));
});
