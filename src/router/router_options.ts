import type { Publisher, Subscriber } from "../message/contracts.ts";
import type { Logger } from "../message/logger.ts";
import { checkTopic } from "../message/names.ts";
import { check, checkOptions, DURATION, FUNCTION, OBJECT, type Rule } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { CLOSE_TIMEOUT } from "../transport/deadline.ts";
import { accessOfSubscriber } from "../transport/subscriber.ts";
import type { HandlerParts } from "./routed_handler.ts";

/** How a router is made. */
export interface RouterOptions {
  /** Where it writes. @default {warnings and errors to the console} */
  logger?: Logger;
  /** Milliseconds that `close` waits for running handlers, unless it is told otherwise. @default {30_000} */
  closeTimeout?: number;
}

/** Warnings and errors to the console, the rest nowhere; a warning of an error is one without its stack. */
const CONSOLE: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message, attributes) => {
    const error = attributes?.error;
    console.warn(
      message,
      error instanceof Error ? { ...attributes, error: `${error}` } : attributes,
    );
  },
  error: (message, attributes) => console.error(message, attributes),
};

const LEVELS = ["debug", "info", "warn", "error"] as const;

const NAME: Rule = ["a text that is not empty", "string", (value: string) => value !== ""];

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function checkRouterOptions(options: RouterOptions): Required<RouterOptions> {
  checkOptions("create a router", options, { logger: OBJECT, closeTimeout: DURATION });
  const { logger = CONSOLE, closeTimeout = CLOSE_TIMEOUT } = options;
  for (const level of LEVELS) check("create a router", `logger.${level}`, logger[level], FUNCTION);
  return { logger, closeTimeout };
}

/** @throws {TypeError | RangeError} Naming the argument, its value and its rule. */
export function checkParts(parts: HandlerParts): HandlerParts {
  const { name, topic, subscriber, outTopic, publisher, handle } = parts;
  check("add a handler", "name", name, NAME);
  const action = `add handler '${name}'`;
  checkTopic(action, topic);
  checkSubscriber(action, subscriber);
  if (publisher !== undefined) checkPublisher(action, publisher);
  if (outTopic !== undefined) checkTopic(action, outTopic);
  check(action, "handler", handle, FUNCTION);
  return parts;
}

function checkSubscriber(action: string, subscriber: Subscriber): void {
  if (accessOfSubscriber(subscriber) !== undefined) return;
  const isTransport =
    typeof (subscriber as { source?: unknown } | undefined)?.source === "function";
  const hint = isTransport ? ": 'subscriber(transport)' makes one of a transport" : "";
  refuse(action, "subscriber", `made by 'subscriber' or 'fromSubscriber'${hint}`, subscriber);
}

function checkPublisher(action: string, publisher: Publisher): void {
  if (typeof publisher?.publish !== "function") {
    refuse(action, "publisher", "a Publisher", publisher);
  }
}
