import { show } from "./errors.ts";

/** @throws {TypeError} If the options are no object. */
export function checkObject(action: string, options: unknown): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new TypeError(`Cannot ${action} as 'options' must be an object: ${current(options)}`);
}

/**
 * Refuses options that are no object or hold a name that is not known: a misspelt option must not
 * be ignored.
 *
 * @throws {TypeError} Naming the option and what is known.
 */
export function checkOptions(action: string, options: object, known: readonly string[]): void {
  checkObject(action, options);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `Cannot ${action} as option '${name}' is unknown: known are ${
          known.map((each) => `'${each}'`).join(", ")
        }`,
      );
    }
  }
}

/** @throws {TypeError} If the value is no function; `undefined` is allowed if `optional`. */
export function checkFunction(
  action: string,
  name: string,
  value: unknown,
  optional = false,
): void {
  if (typeof value === "function" || (optional && value === undefined)) return;
  throw new TypeError(`Cannot ${action} as '${name}' must be a function: ${current(value)}`);
}

/** @throws {TypeError} If the value is neither a boolean nor `undefined`. */
export function checkBoolean(action: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`Cannot ${action} as '${name}' must be a boolean: ${current(value)}`);
}

/** @throws {TypeError} If the value is neither an `AbortSignal` nor `undefined`. */
export function checkSignal(action: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new TypeError(`Cannot ${action} as 'signal' must be an AbortSignal: ${current(value)}`);
}

/** @throws {RangeError} If the value is not one of `allowed`. */
export function checkChoice(
  action: string,
  name: string,
  value: unknown,
  allowed: readonly string[],
): void {
  if (allowed.includes(value as string)) return;
  throw new RangeError(
    `Cannot ${action} as '${name}' must be one of ${
      allowed.map((each) => `'${each}'`).join(", ")
    }: ${current(value)}`,
  );
}

/** @throws {TypeError | RangeError} If the value is no integer from `least` to `most`. */
export function checkInteger(
  action: string,
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  checkNumber(action, name, value);
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER
    ? `of at least ${least}`
    : `from ${least} to ${most}`;
  throw new RangeError(
    `Cannot ${action} as '${name}' must be an integer ${range}: ${current(value)}`,
  );
}

/** @throws {TypeError | RangeError} If the value is no duration in ms; `Infinity` is one. */
export function checkDuration(action: string, name: string, value: unknown): void {
  checkNumber(action, name, value);
  if ((value as number) >= 0) return;
  throw new RangeError(`Cannot ${action} as '${name}' must be at least 0 ms: ${current(value)}`);
}

function checkNumber(action: string, name: string, value: unknown): void {
  if (typeof value === "number") return;
  throw new TypeError(`Cannot ${action} as '${name}' must be a number: ${current(value)}`);
}

function current(value: unknown): string {
  return `current value is ${show(value)}`;
}
