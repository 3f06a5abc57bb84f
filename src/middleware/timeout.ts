import type { AbortScope } from "../message/abort_scope.ts";
import type { Middleware, Produced, Work } from "../message/handler.ts";
import { enterScope, leaveScope } from "../message/message.ts";
import { BOOLEAN, check, checkOptions, type Rules } from "../options/options.ts";
import { after } from "../transport/timer.ts";
import { isPromise } from "./_outcome.ts";
import { producedBy } from "./_produced.ts";

/** What {@linkcode timeout} takes. */
export interface TimeoutOptions {
  /** Milliseconds that a handler may take, above 0. */
  after: number;
  /**
   * Whether `message.signal` stays as it is at the time-out: the handler may finish, detached from its
   * message. @default {false}
   */
  allowOverrun?: boolean;
}

const RULES: Rules = {
  after: ["above 0 ms and finite", "number", (ms: number) => ms > 0 && ms < Infinity],
  allowOverrun: BOOLEAN,
};

/**
 * Fails work that takes too long with a `DOMException` named `"TimeoutError"`, at the time and whether
 * or not the handler listens to `message.signal`, which aborts with the same error.
 *
 * **The work itself goes on** until the handler ends it: nothing can interrupt a function. So a
 * handler that ignores the signal may run beside its own repeat; take the signal at the start, since
 * afterwards `message.signal` is again the one that it was before. What such a handler gives or
 * throws in the end is written to the log and goes nowhere.
 *
 * The time runs from when the handler first waits; one that never waits takes the time it takes.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A handler that hangs
 * ```ts
 * import { timeout } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertRejects } from "@std/assert";
 *
 * const handle = timeout({ after: 10 })(() => new Promise(() => {}));
 * const work = { messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent };
 * await assertRejects(async () => await handle(work), DOMException, "within 10 ms");
 * ```
 */
export function timeout(options: TimeoutOptions): Middleware {
  checkOptions("create a timeout middleware", options, RULES);
  check("create a timeout middleware", "after", options.after, RULES.after!);
  const { after: ms, allowOverrun = false } = options;
  return (next) => (work) => {
    const scopes = allowOverrun ? [] : work.messages.map(enterScope);
    try {
      const outcome = next(work);
      if (isPromise(outcome)) return limit(work, outcome, ms, scopes);
      leave(work, scopes);
      return outcome;
    } catch (error) {
      leave(work, scopes);
      throw error;
    }
  };
}

function leave(work: Work, scopes: readonly AbortScope[]): void {
  scopes.forEach((scope, at) => leaveScope(work.messages[at]!, scope));
}

function limit(
  work: Work,
  outcome: Promise<Produced>,
  ms: number,
  scopes: readonly AbortScope[],
): Promise<Produced> {
  return new Promise((resolve, reject) => {
    let late: DOMException | undefined;
    const cancel = after(ms, () => {
      late = new DOMException(
        `Handler '${work.handler}' did not end within ${ms} ms`,
        "TimeoutError",
      );
      reject(late);
      for (const scope of scopes) scope.abort(late);
      leave(work, scopes);
    });
    const end = () => {
      cancel();
      leave(work, scopes);
    };
    outcome.then(
      (produced) => {
        if (late !== undefined) return reportLateValue(work, produced);
        end();
        resolve(produced);
      },
      (error) => {
        // A handler that obeys the signal rejects with its reason: there is nothing to report.
        if (late !== undefined) return error === late ? undefined : reportLateError(work, error);
        end();
        reject(error);
      },
    );
  });
}

function reportLateValue({ handler, topic, logger }: Work, produced: Produced): void {
  const discarded = producedBy(produced).length;
  logger.warn("handler ended after its time-out", { handler, topic, discarded });
}

function reportLateError({ handler, topic, logger }: Work, error: unknown): void {
  logger.warn("handler failed after its time-out", { handler, topic, error });
}
