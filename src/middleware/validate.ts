import type { Middleware, Work } from "../message/handler.ts";
import type { Message } from "../message/message.ts";
import { checkOptions, FUNCTION, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { follow, isPromise } from "./_outcome.ts";
import { narrow, refuseMessage } from "./_work.ts";
import { ValidationError } from "./errors.ts";
import type { SchemaResult, StandardSchema } from "./standard_schema.ts";

/** What {@linkcode validate} takes beside a schema. */
export interface ValidateOptions {
  /** What of a message is judged; what it throws makes the message invalid. @default {its payload as JSON} */
  decode?: (message: Message) => unknown;
}

/** Why a message must not be handled, in a box: anything can be thrown. */
type Verdict = { readonly reason: unknown } | undefined;

const ACTION = "create a validating middleware";

const RULES: Rules = { decode: FUNCTION };

/**
 * Lets through only messages that a schema accepts; Standard Schema (standardschema.dev) is what Zod,
 * Valibot, ArkType and others offer. An invalid message fails with a {@linkcode ValidationError}, one
 * in a batch is nacked with it while the rest is handled. The message itself stays as it is: what a
 * schema makes of the value is not kept.
 *
 * Another attempt finds the message as it was: `shouldRetry` of the handler's policy should say no to
 * a `ValidationError`, so that it gets to the dead letters at once.
 *
 * @throws {TypeError} If the schema is none, or an option is malformed.
 *
 * @example An order without a total
 * ```ts
 * import { type StandardSchema, validate, ValidationError } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertThrows } from "@std/assert";
 *
 * // By hand what `z.object({ total: z.number() })` of Zod would be.
 * const order: StandardSchema = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       typeof (value as { total?: unknown }).total === "number"
 *         ? { value }
 *         : { issues: [{ message: "expected a number", path: ["total"] }] },
 *   },
 * };
 * const handle = validate(order)(() => {});
 * const work = { messages: [Message.json({})], batch: false, handler: "bill", topic: "orders", logger: silent };
 * assertThrows(() => handle(work), ValidationError, "total: expected a number");
 * ```
 */
export function validate(schema: StandardSchema, options: ValidateOptions = {}): Middleware {
  if (typeof schema?.["~standard"]?.validate !== "function") {
    refuse(ACTION, "schema", "a schema by Standard Schema", schema);
  }
  checkOptions(ACTION, options, RULES);
  const judge = judgeWith(schema, options.decode);
  return (next) => (work) => {
    const verdicts = work.messages.map((message) => judge(work, message));
    const known = verdicts.some(isPromise) ? Promise.all(verdicts) : verdicts as Verdict[];
    return follow(known, (verdicts) => {
      const valid = sift(work, verdicts);
      return valid.messages.length === 0 ? undefined : next(valid);
    });
  };
}

function judgeWith(
  schema: StandardSchema,
  decode: (message: Message) => unknown = (message) => message.json(),
): (work: Work, message: Message) => Verdict | Promise<Verdict> {
  return ({ topic }, message) => {
    const judged = ({ issues }: SchemaResult<unknown>): Verdict =>
      issues === undefined ? undefined : { reason: new ValidationError(topic, issues) };
    let value: unknown;
    try {
      value = decode(message);
    } catch (cause) {
      const issues = [{ message: "the payload cannot be decoded" }];
      return { reason: new ValidationError(topic, issues, { cause }) };
    }
    try {
      const result = schema["~standard"].validate(value);
      return isPromise(result) ? result.then(judged, (reason) => ({ reason })) : judged(result);
    } catch (reason) {
      return { reason };
    }
  };
}

function sift(work: Work, verdicts: readonly Verdict[]): Work {
  if (verdicts.every((verdict) => verdict === undefined)) return work;
  const valid = work.messages.filter((message, at) => {
    const verdict = verdicts[at];
    if (verdict !== undefined) refuseMessage(work, message, verdict.reason);
    return verdict === undefined;
  });
  return narrow(work, valid);
}
