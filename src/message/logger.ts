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
