import { show } from "../options/refusal.ts";

/** Something that was closed was asked to do something. */
export class ClosedError extends Error {
  /** Creates the error from what was attempted and what is closed. */
  constructor(attempt: string, what: string) {
    super(`Cannot ${attempt} as the ${what} is closed`);
    this.name = "ClosedError";
  }
}

/** What became of a message that could not be published. */
export type PublishOutcome = "rejected" | "unknown" | "not-attempted";

/** One message of a `publish` that failed. */
export interface PublishFailure {
  /** Position of the message in the call. */
  readonly index: number;
  /** What the broker or the codec said. */
  readonly cause: unknown;
  /**
   * `"rejected"`: it is not stored. `"unknown"`: the connection broke, it may be stored.
   * `"not-attempted"`: an earlier message with its key failed, or the call was aborted before.
   */
  readonly outcome: PublishOutcome;
}

/** Some messages of a `publish` were not confirmed; all others are. */
export class PublishError extends Error {
  /** The failures, in the order of the call. */
  readonly failed: readonly PublishFailure[];

  /** Creates the error from the topic, the failures and the number of messages of the call. */
  constructor(topic: string, failed: readonly PublishFailure[], size: number) {
    const cause = failed[0]?.cause;
    const reason = cause instanceof Error ? cause.message : show(cause);
    super(
      `Publishing to '${topic}' failed for ${failed.length} of ${size} messages, first with: ${reason}`,
      { cause },
    );
    this.name = "PublishError";
    this.failed = failed;
  }
}

/** `close` ended at its deadline with work left. */
export class CloseTimeoutError extends Error {
  /** How many messages were not settled, or not confirmed. */
  readonly remaining: number;

  /** Creates the error from what was closed, the time in milliseconds and what remains. */
  constructor(what: string, timeout: number, remaining: number) {
    super(`Cannot close the ${what} within ${timeout} ms: messages not settled are ${remaining}`);
    this.name = "CloseTimeoutError";
    this.remaining = remaining;
  }
}

/** The broker gave a delivery to somebody else: what its handler still does may be done twice. */
export class LeaseLostError extends Error {
  /** Creates the error from where the delivery came from and what took it away. */
  constructor(topic: string, cause?: unknown) {
    super(`The lease of a message of '${topic}' is lost: another consumer may have it`, { cause });
    this.name = "LeaseLostError";
  }
}
