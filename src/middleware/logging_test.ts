import { assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  remembering,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { logging } from "./logging.ts";

describe("logging", () => {
  it("writes of a message who handled it, where, how long and what it produced", () =>
    withFakeTime(async (time) => {
      time.tick(1_000);
      const logger = remembering();
      const message = new Message("{}");
      const handle = logging()(async () => {
        await new Promise((resolve) => setTimeout(resolve, 25));
        return [new Message(), new Message()];
      });
      const done = handle(single(message, { logger, group: "billing" }));
      await time.runAllAsync();
      await done;
      assertEquals(logger.lines, [{
        level: "debug",
        message: "message handled",
        attributes: {
          handler: "bill",
          topic: "orders",
          group: "billing",
          uuid: message.uuid,
          attempt: 1,
          ms: 25,
          produced: 2,
        },
      }]);
    }));

  it("writes of a batch how large it is", async () => {
    const logger = remembering();
    await logging()(() => {})(batch(messagesOf("a", "b", "c"), { logger }));
    const [{ message, attributes }] = logger.lines;
    assertEquals([message, attributes.messages, attributes.produced], [
      "batch handled",
      3,
      0,
    ]);
  });

  eachForm((form, make) => {
    it(`writes a failure and passes it on, ${form}`, async () => {
      for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
        const logger = remembering();
        const error = new Error("broken");
        const handle = logging()(shape(failing(error)));
        assertStrictEquals(await failureOf(() => handle({ ...make(), logger })), error);
        assertEquals(logger.lines.map(({ level, attributes }) => [level, attributes.error]), [
          ["error", error],
        ]);
      }
    });

    it(`returns at once what a synchronous handler returns, ${form}`, () => {
      const produced = new Message("paid");
      assertStrictEquals(logging()(() => produced)(make()), produced);
    });
  });

  it("writes nothing of payload, key and metadata", async () => {
    const logger = remembering();
    const secret = () =>
      new Message("secret", { key: "secret", metadata: { authorization: "secret" } });
    const works = [single(secret(), { logger }), batch([secret(), secret()], { logger })];
    for (const work of works) {
      await logging()(secret)(work);
      await failureOf(() => logging()(failing("broken"))(work));
    }
    assertEquals(logger.lines.length, 4);
    assertFalse(JSON.stringify(logger.lines).includes("secret"));
  });

  it("writes of work whose message a middleware has settled", async () => {
    const logger = remembering();
    await logging()(() => {})({ ...single(), messages: [], logger });
    assertEquals(logger.lines[0]!.attributes.messages, 0);
  });

  it("writes to a logger of its own, at the level that was asked for", async () => {
    const logger = remembering();
    await logging({ logger, level: "info" })(() => {})(single());
    assertEquals(logger.lines.map(({ level }) => level), ["info"]);
  });

  it("lets nothing fail over a logger of its own that throws", async () => {
    const fail = () => {
      throw new Error("disk full");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const printed = stub(console, "error", () => {});
    try {
      await logging({ logger })(() => {})(single());
      const error = new RangeError("no");
      const handle = logging({ logger })(() => Promise.reject(error));
      assertStrictEquals(await failureOf(() => handle(single())), error);
      assertEquals(printed.calls.map(({ args: [text] }) => text), [
        "A logger failed:",
        "A logger failed:",
      ]);
    } finally {
      printed.restore();
    }
  });

  it("refuses malformed options", () => {
    assertThrows(() => logging({ level: "warn" as never }), RangeError, "one of debug, info");
    assertThrows(() => logging({ logger: 1 as never }), TypeError, "'logger'");
  });
});
