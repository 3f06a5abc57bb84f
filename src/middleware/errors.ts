import type { Issue } from "./standard_schema.ts";

/** A circuit breaker let a message not through: what its handler needs fails too often. */
export class CircuitOpenError extends Error {
  /** Milliseconds until a call may be let through; 0: as soon as one that tries has ended. */
  readonly retryAfter: number;

  /** Creates the error from the name of the handler and the milliseconds. */
  constructor(handler: string, retryAfter: number) {
    super(
      `Cannot call handler '${handler}' as its circuit breaker is open: it may be tried in ${
        Math.ceil(retryAfter)
      } ms`,
    );
    this.name = "CircuitOpenError";
    this.retryAfter = retryAfter;
  }
}

/** A claim that somebody else could take: its lease was over before the work was. */
export class ClaimLostError extends Error {
  /** Creates the error from the key. */
  constructor(key: string) {
    super(`The claim on '${key}' is lost: it may have been handled twice`);
    this.name = "ClaimLostError";
  }
}

/** Issues that the text of the error names; the rest is in `issues`. */
const NAMED = 3;

/** A message is not what its schema asks for; another attempt finds it the same. */
export class ValidationError extends Error {
  /** What is wrong, in the words of the schema. */
  readonly issues: readonly Issue[];

  /** Creates the error from the topic, what is wrong and what led to it. */
  constructor(topic: string, issues: readonly Issue[], options?: ErrorOptions) {
    super(`Cannot handle a message of '${topic}' as it is invalid: ${describe(issues)}`, options);
    this.name = "ValidationError";
    this.issues = issues;
  }
}

function describe(issues: readonly Issue[]): string {
  const named = issues.slice(0, NAMED).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
    return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
  });
  const rest = issues.length - named.length;
  return named.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}
