import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { eachForm, failing, failureOf, remembering } from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { instantAck } from "./instant_ack.ts";

describe("instantAck", () => {
  eachForm((form, make) => {
    it(`acks before the handler runs, which then fails, ${form}`, async () => {
      const logger = remembering();
      const work = { ...make(), logger };
      const states: string[] = [];
      const error = new Error("broken");
      const handle = instantAck()((work) => {
        states.push(...work.messages.map(({ state }) => state));
        return failing(error)(work);
      });
      assertStrictEquals(await failureOf(() => handle(work)), error);
      assertEquals(states, work.messages.map(() => "acked"));
      assertEquals(logger.lines, [{
        level: "error",
        message: "handler failed after the ack",
        attributes: {
          handler: "bill",
          topic: "orders",
          uuids: work.messages.map(({ uuid }) => uuid),
          error,
        },
      }]);
      assertEquals(work.messages.map((message) => message.nack()), work.messages.map(() => false));
    });

    it(`returns at once what a synchronous handler returns, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(instantAck()(() => produced)(make()), produced);
    });
  });
});
