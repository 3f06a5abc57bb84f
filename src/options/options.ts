import { refuse } from "./refusal.ts";

/** What an option must be: in words, as a `typeof` or `"any"`, and beyond that as a condition. */
export type Rule = readonly [
  must: string,
  type: string,
  holds?: (value: never) => boolean,
];

/** The rules of the options that a function takes, by name. */
export type Rules = Readonly<Record<string, Rule>>;

/** `true` or `false`. */
export const BOOLEAN: Rule = ["a boolean", "boolean"];

/** A function. */
export const FUNCTION: Rule = ["a function", "function"];

/** An `AbortSignal`. */
export const SIGNAL: Rule = [
  "an AbortSignal",
  "object",
  (value: unknown) => value instanceof AbortSignal,
];

/** A value of any kind. */
export const ANYTHING: Rule = ["anything", "any"];

/** An object. */
export const OBJECT: Rule = ["an object", "object", (value: unknown) => value !== null];

/** A time in milliseconds; `Infinity` is one. */
export const DURATION: Rule = ["at least 0 ms", "number", (value: number) => value >= 0];

/** An integer of at least `least`. */
export function integer(least: number): Rule {
  const holds = (value: number) => Number.isSafeInteger(value) && value >= least;
  return [`an integer of at least ${least}`, "number", holds];
}

/** An integer from `least` to `most`. */
export function integerWithin(least: number, most: number): Rule {
  const holds = (value: number) => Number.isSafeInteger(value) && value >= least && value <= most;
  return [`an integer from ${least} to ${most}`, "number", holds];
}

/** A power of two from `least` to `most`, which are some themselves, and less than 2 ** 31. */
export function powerOfTwo(least: number, most: number): Rule {
  const holds = (value: number) =>
    Number.isInteger(value) && value >= least && value <= most && (value & (value - 1)) === 0;
  return [`a power of two from ${least} to ${most}`, "number", holds];
}

/** One of some texts. */
export function choice(...allowed: string[]): Rule {
  return [`one of ${allowed.join(", ")}`, "string", (value: string) => allowed.includes(value)];
}

/**
 * Refuses options that are no object, that break their rule, or that nobody knows: a misspelt
 * option must not be ignored. An option that is `undefined` counts as left out.
 *
 * @throws {TypeError | RangeError} Naming the option, its value and its rule.
 */
export function checkOptions(action: string, options: object, rules: Rules): void {
  checkNames(action, options, Object.keys(rules));
  for (const name in options) {
    const value: unknown = options[name as never];
    if (value !== undefined) check(action, name, value, rules[name]!);
  }
}

/** @throws {TypeError} If the options are no object, or one of them has a name that nobody knows. */
export function checkNames(action: string, options: object, known: readonly string[]): void {
  checkObject(action, options);
  for (const name in options) {
    if (known.includes(name)) continue;
    throw new TypeError(
      `Cannot ${action} as option '${name}' is unknown: known are ${known.join(", ")}`,
    );
  }
}

/** @throws {TypeError} If the options are no object. */
export function checkObject(action: string, options: unknown): void {
  check(action, "options", options, OBJECT);
}

/**
 * The options as they are now: what the caller changes later has no effect. What they inherit
 * counts, as everywhere.
 *
 * @throws {TypeError} If the options are no object.
 */
export function copyOptions<T extends object>(action: string, options: T): T {
  checkObject(action, options);
  const copy = {} as T;
  for (const name in options) copy[name] = options[name];
  return copy;
}

/**
 * Refuses a value that breaks a rule.
 *
 * @throws {TypeError | RangeError} Naming it, its value and its rule: a `RangeError` if it is of the right type.
 */
export function check(
  action: string,
  name: string,
  value: unknown,
  [must, type, holds]: Rule,
): void {
  const actual: string = typeof value;
  const fits = actual === type || type === "any";
  if (fits && (holds === undefined || holds(value as never))) return;
  refuse(action, name, must, value, fits && type !== "object" ? RangeError : TypeError);
}
