/** What clients throw: a tree, at whose leaves is what a broker has answered. */
interface ClientError {
  /** What kind of error it is. */
  readonly code?: string;
  /** The name of what a broker has answered. */
  readonly apiId?: string;
  /** The whole answer, of which some part is an error. */
  readonly response?: unknown;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

const LOSSES = ["PLT_KFK_NETWORK", "PLT_KFK_TIMEOUT"];

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

/** Settles as something does, or fails in words of our own where it was refused for a reason. */
export async function unlessRefused<T>(
  doing: Promise<T>,
  reason: string,
  failure: (options: ErrorOptions) => Error,
): Promise<T> {
  try {
    return await doing;
  } catch (cause) {
    throw isRefusedFor(cause, reason) ? failure({ cause }) : cause;
  }
}

/** Whether something was done, or refused for a reason that means that there was nothing to do. */
export async function isDone(doing: Promise<unknown>, reason: string): Promise<boolean> {
  try {
    await doing;
    return true;
  } catch (error) {
    if (isRefusedFor(error, reason)) return false;
    throw error;
  }
}

/** Whether a broker could not be reached, or did not answer. */
export function isConnectionLost(error: unknown): boolean {
  return errorsIn(error).some(({ code }) => code !== undefined && LOSSES.includes(code));
}
