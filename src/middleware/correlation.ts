import type { Middleware, Produced, Work } from "../message/handler.ts";
import type { Message } from "../message/message.ts";
import { checkHeaders, safeHeaderValue } from "../message/names.ts";
import { checkOptions, type Rules } from "../options/options.ts";
import { follow } from "./_outcome.ts";
import { producedBy } from "./_produced.ts";

/** What {@linkcode correlation} takes. */
export interface CorrelationOptions {
  /** The name of the metadata. @default {"correlation_id"} */
  name?: string;
}

const ACTION = "create a correlation middleware";

const RULES: Rules = { name: ["a string", "string"] };

/**
 * Ties together what one message leads to: a message without a correlation id gets its
 * own uuid as that, the same at every attempt, and what its handler produces carries it, unless that
 * has one already.
 *
 * What a batch produces gets the id only if all messages of the batch share it: which of them it came
 * from is only known to the handler.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example From an order to its bill
 * ```ts
 * import { correlation } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const order = new Message("order");
 * const bill = new Message("bill");
 * const handle = correlation()(() => bill);
 * await handle({ messages: [order], batch: false, handler: "bill", topic: "orders", logger: silent });
 * assertEquals(bill.metadata.get("correlation_id"), order.uuid);
 * ```
 */
export function correlation(options: CorrelationOptions = {}): Middleware {
  checkOptions(ACTION, options, RULES);
  const { name = "correlation_id" } = options;
  checkHeaders(ACTION, [[name, ""]]);
  return (next) => (work) => {
    for (const { metadata, uuid } of work.messages) {
      if (!metadata.has(name)) metadata.set(name, safeHeaderValue(uuid));
    }
    const outcome = next(work);
    return outcome === undefined ? outcome : follow(outcome, (produced) => {
      pass(name, work, produced);
      return produced;
    });
  };
}

function pass(name: string, { messages }: Work, produced: Produced): void {
  const id = messages[0]?.metadata.get(name);
  if (id === undefined) return;
  const isShared = messages.every(({ metadata }) => metadata.get(name) === id);
  if (isShared) producedBy(produced).forEach((message) => setIfAbsent(message, name, id));
}

function setIfAbsent({ metadata }: Message, name: string, id: string): void {
  if (!metadata.has(name)) metadata.set(name, id);
}
