import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  eachForm,
  failing,
  failureOf,
  single,
} from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { recoverer } from "./recoverer.ts";

describe("recoverer", () => {
  eachForm((form, make) => {
    for (const value of [undefined, null, "broken", 0, { code: 1 }]) {
      it(`makes an error of a thrown and a rejected ${typeof value}, ${form}`, async () => {
        for (const handler of [failing(value), asynchronous(failing(value))]) {
          const error = await failureOf(() => recoverer()(handler)(make()));
          assertInstanceOf(error, Error);
          assertStrictEquals(error.cause, value);
        }
      });
    }

    it(`passes an error of another realm as it is, ${form}`, async () => {
      // What it is by nature, and not by the class of this realm.
      const error = Object.setPrototypeOf(new Error("broken"), Object.prototype);
      assertStrictEquals(await failureOf(() => recoverer()(failing(error))(make())), error);
    });

    it(`passes an error as it is, ${form}`, async () => {
      const error = new TypeError("broken");
      for (const handler of [failing(error), asynchronous(failing(error))]) {
        assertStrictEquals(await failureOf(() => recoverer()(handler)(make())), error);
      }
    });

    it(`returns at once what a synchronous handler returns, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(recoverer()(() => produced)(make()), produced);
    });

    it(`throws at once what a synchronous handler throws, ${form}`, () => {
      let thrown: unknown;
      try {
        recoverer()(failing("broken"))(make());
      } catch (error) {
        thrown = error;
      }
      assertInstanceOf(thrown, Error);
    });
  });

  it("survives what cannot be shown", async () => {
    const trap = Object.create(null, { toString: { get: () => failing(new Error("trap")) } });
    const error = await failureOf(() => recoverer()(failing(trap))(single()));
    assertEquals((error as Error).cause, trap);
  });
});
