import type { SendFailure } from "@beat/beat/transport";
import type { Endpoint } from "./endpoint.ts";
import type { EndpointGate } from "./endpoint_gate.ts";
import { EndpointGoneError, RefusedAddressError, WebhookError } from "./errors.ts";
import type { Answer, Post, Poster } from "./poster.ts";
import { parseRetryAfter } from "./retry_after.ts";

/** How a request is delivered. */
export interface DeliveryOptions {
  readonly endpoint: Endpoint;
  /** Asked before each attempt, and told how it went. */
  readonly gate: EndpointGate;
  readonly poster: Poster;
  /** Milliseconds for all attempts together. */
  readonly timeout: number;
  /** Makes the headers of an attempt, which tell its time. */
  readonly sign: () => Promise<Readonly<Record<string, string>>>;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

const ATTEMPTS = 3;
/** Milliseconds before the second attempt at most, twice as many before the third. */
const FIRST_PAUSE = 200;

/** Statuses after which another attempt has a chance. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
/** Statuses that say that nothing was done; other failures leave it open. */
const NOTHING_DONE = new Set([425, 429, 503]);
/** Statuses below 500 by which an endpoint says that it is overloaded. */
const OVERLOADED = new Set([408, 429]);
/** Failures before anything was sent. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** One attempt that failed. */
interface Failure extends SendFailure {
  /** Milliseconds to wait at least before the next; `undefined` if there must be none. */
  readonly pause: number | undefined;
  /** Whether it speaks for an endpoint that is down; `undefined` if it says nothing of it. */
  readonly isDown: boolean | undefined;
}

/** Delivers a request in at most three attempts; what takes longer is for who has time and a memory. */
export async function deliver(
  post: Post,
  options: DeliveryOptions,
): Promise<SendFailure | undefined> {
  const { timeout, signal } = options;
  if (signal.aborted) return { cause: signal.reason, outcome: "rejected" };
  const limit = new AbortController();
  const cause = new DOMException(`There was no answer within ${timeout} ms`, "TimeoutError");
  const timer = setTimeout(() => limit.abort(cause), timeout);
  const end = () => limit.abort(signal.reason);
  signal.addEventListener("abort", end);
  try {
    return await tryAll(post, options, limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

async function tryAll(
  post: Post,
  options: DeliveryOptions,
  limit: AbortSignal,
): Promise<SendFailure | undefined> {
  // By a clock that no one sets: what is measured is a time, not the time of day.
  const deadline = performance.now() + options.timeout;
  let isOpen = false;
  let failure: Failure | undefined;
  for (let attempt = 1;; attempt++) {
    failure = await tryOnce(post, attempt, options, limit, failure?.cause);
    if (failure === undefined) return undefined;
    isOpen ||= failure.outcome === "unknown";
    const { pause } = failure;
    // On top of what was asked for, which many are told at the same time.
    const wait = (pause ?? 0) + Math.random() * FIRST_PAUSE * attempt;
    const isLast = pause === undefined || attempt === ATTEMPTS || limit.aborted ||
      performance.now() + wait >= deadline;
    if (isLast) return { cause: failure.cause, outcome: isOpen ? "unknown" : "rejected" };
    await pauseFor(wait, limit);
  }
}

async function tryOnce(
  post: Post,
  attempt: number,
  options: DeliveryOptions,
  limit: AbortSignal,
  earlier: unknown,
): Promise<Failure | undefined> {
  const { gate } = options;
  const leave = gate.enter(post.target, earlier);
  if (typeof leave !== "function") {
    return { cause: leave, outcome: "rejected", pause: leave.retryAfter, isDown: undefined };
  }
  const failure = await send(post, attempt, options, limit);
  leave(failure === undefined ? false : failure.isDown);
  if (failure?.cause instanceof EndpointGoneError) gate.shut(post.target);
  return failure;
}

async function send(
  post: Post,
  attempt: number,
  { endpoint: { origin }, poster, sign, signal }: DeliveryOptions,
  limit: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const signature = await sign();
    const headers = { ...post.headers, ...signature };
    return judge(origin, await poster.post({ ...post, headers }, attempt, limit));
  } catch (error) {
    if (error instanceof RefusedAddressError || error instanceof RangeError) {
      return { cause: error, outcome: "rejected", pause: undefined, isDown: undefined };
    }
    const cause = limit.aborted ? limit.reason : error;
    const isSent = !NOT_SENT.has((error as { code?: string }).code ?? "");
    return {
      cause: new WebhookError(origin, "could not be reached", { cause }),
      outcome: isSent ? "unknown" : "rejected",
      pause: 0,
      // One that was broken off here is not to blame.
      isDown: signal.aborted ? undefined : true,
    };
  }
}

function judge(origin: string, { status, retryAfter, beginning }: Answer): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  const { text } = beginning;
  const said = text === "" ? {} : { answer: text };
  if (status === 410) {
    const cause = new EndpointGoneError(origin, said);
    return { cause, outcome: "rejected", pause: undefined, isDown: undefined };
  }
  const wait = parseRetryAfter(retryAfter, Date.now());
  const isPassing = PASSING.has(status);
  const isOpen = status >= 500 || isPassing;
  return {
    cause: new WebhookError(origin, `answered ${status}`, {
      status,
      ...(wait !== undefined && { retryAfter: wait }),
      ...said,
    }),
    outcome: isOpen && !NOTHING_DONE.has(status) ? "unknown" : "rejected",
    pause: isPassing ? wait ?? 0 : undefined,
    isDown: status >= 500 || OVERLOADED.has(status),
  };
}

function pauseFor(wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, wait);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
