/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Appends the caller's own message to `message`, as every assertion does. */
export function withSuffix(message: string, suffix: string | undefined): string {
  return suffix === undefined ? message : `${message}: ${suffix}`;
}
