/**
 * What tests of middlewares need: work without a router, a clock that only moves when told, a logger
 * that remembers.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import { stub } from "@std/testing/mock";
import type { Logger } from "../../src/message/logger.ts";
import { Message } from "../../src/message/message.ts";
import type { Handle, Produced, Work } from "../../src/message/handler.ts";
import { silent } from "../../src/message/logger.ts";

/** Work on one message. */
export function single(message: Message = new Message("{}"), rest: Partial<Work> = {}): Work {
  return {
    messages: [message],
    batch: false,
    handler: "bill",
    topic: "orders",
    logger: silent,
    ...rest,
  };
}

/** Work on several messages at once. */
export function batch(messages: readonly Message[], rest: Partial<Work> = {}): Work {
  return { ...single(undefined, rest), messages, batch: true };
}

/** Messages with the texts as payloads. */
export function messagesOf(...payloads: string[]): Message[] {
  return payloads.map((payload) => new Message(payload));
}

/** Both forms of a piece of work, for what must hold for each. */
export function eachForm(run: (form: string, make: () => Work) => void): void {
  run("one message", () => single());
  run("a batch", () => batch(messagesOf("{}", "{}")));
}

/** A handler that fails in the given ways, one a call, then ends well. */
export function failing(...errors: unknown[]): Handle & { calls: Work[] } {
  const calls: Work[] = [];
  return Object.assign((work: Work): Produced => {
    calls.push(work);
    if (calls.length <= errors.length) throw errors[calls.length - 1];
  }, { calls });
}

/** The same handler as one that returns promises. */
export function asynchronous(handle: Handle): Handle {
  // deno-lint-ignore require-await -- it is the async form that counts
  return async (work) => handle(work);
}

/** Runs work whose handler throws at once or later, and gives the error. */
export async function failureOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

/** A clock that only moves when told, `performance.now()` included. */
export async function withFakeTime(
  run: (time: FakeTime) => Promise<void> | void,
  start = 0,
): Promise<void> {
  const time = new FakeTime(start);
  const now = stub(performance, "now", () => time.now);
  try {
    await run(time);
  } finally {
    now.restore();
    time.restore();
  }
}

/** An hour in milliseconds, by which a clock that is set jumps. */
export const HOUR = 3_600_000;

/** Sets the time of day off while something runs; timers and `performance.now()` stay as they are. */
export async function withClockOff(ms: number, run: () => Promise<void>): Promise<void> {
  const { Date } = globalThis;
  const now = () => Date.now() + ms;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
  });
  try {
    await run();
  } finally {
    globalThis.Date = Date;
  }
}

/** One line of a log. */
export interface Line {
  /** `"debug"`, `"info"`, … */
  level: keyof Logger;
  /** Its text. */
  message: string;
  /** What it carries. */
  attributes: Readonly<Record<string, unknown>>;
}

/** A logger that remembers. */
export function remembering(): Logger & { lines: Line[] } {
  const lines: Line[] = [];
  const write = (level: keyof Logger): Logger["debug"] => (message, attributes = {}) =>
    void lines.push({ level, message, attributes });
  return {
    lines,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}
