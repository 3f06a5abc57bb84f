import { print } from "../options/print.ts";
import { isThenable } from "../options/thenable.ts";

/** Where to write what should be known; `console` is one, and so are the loggers of pino and winston's shape. */
export interface Logger {
  /** What only a developer wants to see. */
  debug(message: string, attributes?: Readonly<Record<string, unknown>>): void;
  /** What an operator may want to see. */
  info(message: string, attributes?: Readonly<Record<string, unknown>>): void;
  /** What may become a problem. */
  warn(message: string, attributes?: Readonly<Record<string, unknown>>): void;
  /** What is one. */
  error(message: string, attributes?: Readonly<Record<string, unknown>>): void;
}

/** Writes nothing. */
export const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/**
 * A logger that can do no harm: what the given one throws is printed, and who writes goes on. So is what
 * it rejects with if it is async, which nobody waits for.
 *
 * @example A logger whose disk is full
 * ```ts
 * import { guardLogger, silent } from "@beat/beat/message";
 *
 * const full = () => {
 *   throw new Error("disk full");
 * };
 * guardLogger({ ...silent, warn: full }).warn("the queue grows");
 * ```
 */
export function guardLogger(logger: Logger): Logger {
  const guarded = (level: keyof Logger): Logger[typeof level] => (message, attributes) => {
    try {
      const result: unknown = logger[level](message, attributes);
      if (isThenable(result)) Promise.resolve(result).catch(tell);
    } catch (error) {
      tell(error);
    }
  };
  return {
    debug: guarded("debug"),
    info: guarded("info"),
    warn: guarded("warn"),
    error: guarded("error"),
  };
}

function tell(error: unknown): void {
  print("A logger failed:", error);
}
