import type { Middleware } from "../message/handler.ts";
import { guardLogger, type Logger } from "../message/logger.ts";
import { checkOptions, choice, OBJECT, type Rules } from "../options/options.ts";
import { observe } from "./_outcome.ts";
import { producedBy } from "./_produced.ts";
import { describe } from "./_work.ts";

/** What {@linkcode logging} takes. */
export interface LoggingOptions {
  /** Where to write. @default {the logger of the work, which is the router's} */
  logger?: Logger;
  /** How important it is that something ended well; failures are errors. @default {"debug"} */
  level?: "debug" | "info";
}

const RULES: Rules = { logger: OBJECT, level: choice("debug", "info") };

/**
 * Writes one line when work has ended: handler, topic, group, uuid and attempt of a message or the
 * size of a batch, how long it took in milliseconds and how many messages it produced, or the error.
 * Payload, key and metadata never get into the log.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A line
 * ```ts
 * import { logging } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const logger = { ...silent, info: (line: string) => void lines.push(line) };
 * const handle = logging({ level: "info" })(() => {});
 * await handle({ messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger });
 * assertEquals(lines, ["message handled"]);
 * ```
 */
export function logging(options: LoggingOptions = {}): Middleware {
  checkOptions("create a logging middleware", options, RULES);
  const { level = "debug" } = options;
  // That of the router can do no harm already.
  const own = options.logger && guardLogger(options.logger);
  return (next) => (work) => {
    const logger = own ?? work.logger;
    const what = work.batch ? "batch" : "message";
    const started = performance.now();
    const attributes = () => ({ ...describe(work), ms: performance.now() - started });
    return observe(next, work, {
      onValue: (result) => {
        const produced = producedBy(result).length;
        logger[level](`${what} handled`, { ...attributes(), produced });
      },
      onError: (error) => logger.error(`${what} failed`, { ...attributes(), error }),
    });
  };
}
