/**
 * Refuses a value in the words that every refusal has.
 *
 * @throws {TypeError | RangeError} Naming the value and the rule.
 */
export function refuse(
  action: string,
  name: string,
  must: string,
  value: unknown,
  Refusal: typeof TypeError | typeof RangeError = TypeError,
): never {
  throw new Refusal(
    `Cannot ${action} as '${name}' must be ${must}: current value is ${show(value)}`,
  );
}

/** A value of any kind as an error message shows it, cut to 80 characters; never throws. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "object" && value !== null
      ? Object.prototype.toString.call(value)
      : String(value);
  } catch {
    text = `a ${typeof value}`;
  }
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return typeof value === "string" ? `'${short}'` : short;
}
