import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  remembering,
  single,
} from "../../tests/_messages/harness.ts";
import type { Work } from "../message/handler.ts";
import { enterScope, Message } from "../message/message.ts";
import { producedBy } from "./_produced.ts";
import { ignoreErrors } from "./ignore_errors.ts";

class GoneError extends Error {}
const gone = new GoneError("gone");
const down = new Error("down");

describe("ignoreErrors", () => {
  eachForm((form, make) => {
    const matches = [["class", GoneError], ["predicate", (error: unknown) => error === gone]];
    for (const [how, match] of matches as [string, typeof GoneError][]) {
      it(`takes an error for success that is told by its ${how}, ${form}`, async () => {
        for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
          const wrapped = new Error("cannot bill", { cause: gone });
          for (const error of [gone, wrapped]) {
            const handle = ignoreErrors(match)(shape(failing(error, error, error)));
            assertEquals(await handle(make()), undefined);
          }
        }
      });
    }

    it(`passes on an error that is not meant, ${form}`, async () => {
      const handle = ignoreErrors([GoneError])(failing(down));
      assertStrictEquals(await failureOf(() => handle(make())), down);
    });

    it(`returns at once what a handler returns that does not fail, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(ignoreErrors(GoneError)(() => produced)(make()), produced);
    });
  });

  it("logs what it ignores", async () => {
    const logger = remembering();
    const message = new Message();
    await ignoreErrors(GoneError)(failing(gone))(single(message, { logger }));
    assertEquals(logger.lines.map(({ level, attributes }) => [level, attributes.uuid]), [
      ["warn", message.uuid],
    ]);
  });

  /** A batch fails with the error of its first bad message: "gone" or "down"; "ok" produces. */
  function handleAll({ messages }: Work): Message[] {
    for (const message of messages) {
      if (message.text() === "gone") throw gone;
      if (message.text() === "down") throw down;
    }
    return messages.map((message) => message.copy());
  }

  it("handles a batch one by one, so that no message is lost by the error of another", async () => {
    for (const shape of [(handle: typeof handleAll) => handle, asynchronous]) {
      const messages = messagesOf("ok 1", "gone", "down", "ok 2");
      const produced = await ignoreErrors(GoneError)(shape(handleAll))(batch(messages));
      assertEquals(producedBy(produced).map((message) => message.text()), ["ok 1", "ok 2"]);
      assertEquals(messages.map(({ state }) => state), ["pending", "pending", "nacked", "pending"]);
      const settled = await messages[2].settled();
      assert(settled.kind === "nacked" && settled.reason === down);
    }
  });

  it("handles a batch of two one by one, and survives one of none", async () => {
    const messages = messagesOf("gone", "down");
    await ignoreErrors(GoneError)(handleAll)(batch(messages));
    assertEquals(messages.map(({ state }) => state), ["pending", "nacked"]);
    assertEquals(ignoreErrors(GoneError)(failing(gone))(batch([])), undefined);
  });

  it("begins no call for a message that is to be left alone", async () => {
    const messages = messagesOf("ok 1", "gone", "ok 2");
    enterScope(messages[2]).abort(new Error("shutdown"));
    assertStrictEquals(
      await failureOf(() => ignoreErrors(GoneError)(handleAll)(batch(messages))),
      gone,
    );
  });

  it("refuses what matches nothing", () => {
    assertThrows(() => ignoreErrors("gone" as never), TypeError, "'match'");
  });
});
