import { formatRetryAfter } from "./retry_after.ts";

/** A request ends here, before a handler had it: thrown on the way in, and turned into its answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the sender is not told. */
  readonly fault: string | undefined;

  constructor(
    status: number,
    text: string,
    headers: Readonly<Record<string, string>> = {},
    fault?: string,
  ) {
    super(text);
    this.status = status;
    this.headers = headers;
    this.fault = fault;
  }
}

/** Not now: 503 with the milliseconds after which to come again. */
export function unavailable(text: string, wait = 1_000): Refusal {
  return new Refusal(503, text, { "retry-after": formatRetryAfter(wait) });
}

/** The answer to a refused request. */
export function refuse({ status, message, headers }: Refusal): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/** The answer to one that is done, or accepted. */
export function succeed(status: 202 | 204): Response {
  return new Response(null, { status });
}
