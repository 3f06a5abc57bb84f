import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { batch, failing, failureOf, single } from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { ValidationError } from "./errors.ts";
import type { SchemaResult, StandardSchema } from "./standard_schema.ts";
import { validate } from "./validate.ts";

type Judge = StandardSchema["~standard"]["validate"];

function schemaOf(validate: Judge): StandardSchema {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

function judge(value: unknown): SchemaResult<unknown> {
  return typeof (value as { total?: unknown } | null)?.total === "number"
    ? { value }
    : { issues: [{ message: "expected a number", path: ["order", { key: "total" }] }] };
}

const order = (total: unknown) => Message.json({ total });

describe("validate", () => {
  for (
    const [form, schema] of [
      ["a synchronous schema", schemaOf(judge)],
      // deno-lint-ignore require-await
      ["an asynchronous schema", schemaOf(async (value) => judge(value))],
      ["a schema that is a function", Object.assign(() => {}, schemaOf(judge))],
    ] as const
  ) {
    it(`passes a valid message on as it is, ${form}`, async () => {
      const work = single(order(12));
      const produced = new Message("paid");
      const handle = validate(schema)((seen) => {
        assertStrictEquals(seen, work);
        return produced;
      });
      assertStrictEquals(await handle(work), produced);
    });

    it(`fails an invalid message with its issues, without a call, ${form}`, async () => {
      const handler = failing();
      const error = await failureOf(() => validate(schema)(handler)(single(order("12"))));
      assertInstanceOf(error, ValidationError);
      assertEquals(
        error.message,
        "Cannot handle a message of 'orders' as it is invalid: order.total: expected a number",
      );
      assertEquals(error.issues.length, 1);
      assertEquals(handler.calls.length, 0);
    });

    it(`nacks the invalid messages of a batch and passes on the rest, ${form}`, async () => {
      const messages = [order(1), order("2"), new Message("no JSON"), order(4)];
      let seen: readonly Message[] = [];
      await validate(schema)((work) => void (seen = work.messages))(batch(messages));
      assertEquals(seen, [messages[0], messages[3]]);
      assertEquals(messages.map(({ state }) => state), ["pending", "nacked", "nacked", "pending"]);
      const settled = await messages[2].settled();
      assert(settled.kind === "nacked" && settled.reason instanceof ValidationError);
    });
  }

  it("calls at once with a synchronous schema", () => {
    const handler = failing();
    validate(schemaOf(judge))(handler)(single(order(1)));
    assertEquals(handler.calls.length, 1);
  });

  it("does not call with a batch of which nothing is left", async () => {
    const handler = failing();
    await validate(schemaOf(judge))(handler)(batch([order("1"), order("2")]));
    assertEquals(handler.calls.length, 0);
  });

  it("fails a payload that cannot be decoded, with the cause", async () => {
    const error = await failureOf(() =>
      validate(schemaOf(judge))(failing())(single(new Message("secret")))
    );
    assertInstanceOf(error, ValidationError);
    assertInstanceOf(error.cause, SyntaxError);
    assertEquals(error.issues, [{ message: "the payload cannot be decoded" }]);
  });

  it("judges what decode gives", async () => {
    const message = new Message("binary", { metadata: { total: "3" } });
    const handler = failing();
    const decode = ({ metadata }: Message) => ({ total: Number(metadata.get("total")) });
    await validate(schemaOf(judge), { decode })(handler)(single(message));
    assertEquals(handler.calls.length, 1);
  });

  it("passes on what a schema itself throws or rejects with", async () => {
    const broken = new Error("broken schema");
    const schemas = [
      schemaOf(() => {
        throw broken;
      }),
      schemaOf(() => Promise.reject(broken)),
    ];
    for (const schema of schemas) {
      const failure = failureOf(() => validate(schema)(failing())(single(order(1))));
      assertStrictEquals(await failure, broken);
      const message = order(1);
      await validate(schema)(failing())(batch([message]));
      assertEquals(message.state, "nacked");
    }
  });

  it("names three issues and counts the rest", () => {
    const issues = [1, 2, 3, 4, 5].map((at) => ({ message: `wrong ${at}`, path: [at] }));
    const { name, message } = new ValidationError("orders", issues);
    assertEquals(name, "ValidationError");
    assert(message.endsWith("1: wrong 1; 2: wrong 2; 3: wrong 3; and 2 more"), message);
  });

  it("refuses what is no schema", () => {
    for (const schema of [undefined, {}, () => {}, { "~standard": { version: 1 } }]) {
      assertThrows(() => validate(schema as never), TypeError, "a schema by Standard Schema");
    }
    assertThrows(() => validate(schemaOf(judge), { decode: 1 } as never), TypeError, "'decode'");
  });
});
