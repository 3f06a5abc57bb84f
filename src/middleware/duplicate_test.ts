import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { asynchronous, eachForm, failureOf } from "../../tests/_messages/harness.ts";
import type { Produced } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { producedBy } from "./_produced.ts";
import { duplicate } from "./duplicate.ts";

describe("duplicate", () => {
  eachForm((form, make) => {
    for (const isAsync of [false, true]) {
      const shape = isAsync ? asynchronous : (handle: () => Produced) => handle;
      const name = `${isAsync ? "an asynchronous" : "a synchronous"} handler, ${form}`;

      it(`calls twice and gives what both produced, ${name}`, async () => {
        let calls = 0;
        const texts = async (make2: () => Produced) => {
          const produced = await duplicate()(shape(() => (calls++, make2())))(make());
          return producedBy(produced).map((message) => message.text());
        };
        assertEquals(await texts(() => new Message(`${calls}`)), ["1", "2"]);
        assertEquals(await texts(() => [new Message("a"), new Message("b")]), ["a", "b", "a", "b"]);
        assertEquals(await texts(() => calls % 2 === 0 ? new Message("once") : undefined), [
          "once",
        ]);
        assertEquals(await texts(() => {}), []);
        assertEquals(calls, 8);
      });

      it(`fails when either call fails, ${name}`, async () => {
        const error = new Error("broken");
        for (const failingCall of [1, 2]) {
          let calls = 0;
          const handle = duplicate()(shape(() => {
            if (++calls === failingCall) throw error;
          }));
          assertStrictEquals(await failureOf(() => handle(make())), error);
          assertEquals(calls, failingCall);
        }
      });
    }
  });

  it("calls a synchronous handler twice before it returns", () => {
    let calls = 0;
    eachForm((_, make) => duplicate()(() => void calls++)(make()));
    assertEquals(calls, 4);
  });
});
