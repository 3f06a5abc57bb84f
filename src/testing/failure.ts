/** What a conformance test says of a transport that does not keep its word. */
export class ConformanceError extends Error {
  /** Creates the error from what was seen and what should have been. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConformanceError";
  }
}

/** @throws {ConformanceError} Unless it holds. */
export function demand(holds: boolean, says: string): asserts holds {
  if (!holds) throw new ConformanceError(says);
}

/** @throws {ConformanceError} Unless both are the same text as JSON, whatever the order of their fields. */
export function demandEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, must] = [JSON.stringify(actual, inOrder), JSON.stringify(expected, inOrder)];
  demand(is === must, `${what} must be ${shorten(must)}: it is ${shorten(is)}`);
}

/** @throws {ConformanceError} If there are faults; it names the first of them. */
export function demandNone(faults: readonly string[], where: string): void {
  const rest = faults.length > 3 ? `; and ${faults.length - 3} more` : "";
  demand(faults.length === 0, `${where}: ${faults.slice(0, 3).join("; ")}${rest}`);
}

/** Resolves with what it was rejected with. */
export async function failureOf(promise: Promise<unknown>, what: string): Promise<unknown> {
  const failure = await promise.then(() => undefined, (error) => ({ error }));
  demand(failure !== undefined, `${what} must fail: it did not`);
  return failure.error;
}

function shorten(text: string | undefined): string {
  const shown = String(text);
  return shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
}

/** A replacer that sorts the fields of objects. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
