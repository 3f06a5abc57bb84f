/** What clients throw: a tree, at whose leaves is what a broker has answered. */
interface ClientError {
  /** The name of what a broker has answered. */
  readonly apiId?: string;
  /** The whole answer, of which some part is an error. */
  readonly response?: unknown;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

/** All errors in an error, from the first to the last. */
export function* errorsIn(error: unknown): Generator<ClientError> {
  if (typeof error !== "object" || error === null) return;
  const { errors = [], cause } = error as ClientError;
  yield error;
  for (const inner of [cause, ...errors]) yield* errorsIn(inner);
}

/** Whether a broker has refused something for one of some reasons. */
export function isRefusedFor(error: unknown, ...reasons: readonly string[]): boolean {
  return errorsIn(error).some(({ apiId }) => apiId !== undefined && reasons.includes(apiId));
}
