import type { SendFailure } from "@beat/beat/transport";
import type { FakeTime } from "@std/testing/time";
import { deliver } from "../delivery.ts";
import { EndpointGate } from "../endpoint_gate.ts";
import type { WebhookPublisherOptions } from "../options.ts";
import { planTransport } from "../plans.ts";
import { type Answer, Beginning, type Poster } from "../poster.ts";

/** What an endpoint does with a request. */
export type Behaviour = number | Partial<Answer> | Error | "never";

/** Deliveries by the plan of a publisher to an endpoint without a network, which does what it is told. */
export function posting(options: Partial<WebhookPublisherOptions> = {}) {
  const url = "https://hooks.example.com";
  const { send } = planTransport({ url, unsigned: true, ...options }, "publisher");
  const plan = send!;
  const gate = new EndpointGate(plan.endpoint.origin, plan.circuit);
  const closing = new AbortController();
  /** When each request came, and where to. */
  const requests: { readonly at: number; readonly target: string }[] = [];
  const state = {
    requests,
    /** Ends what is under way. */
    signal: closing.signal,
    /** What it does next: the last goes on for ever. */
    answers: [204] as Behaviour[],
    close: () => closing.abort(new DOMException("The publisher was closed", "AbortError")),
    deliver(target = "/orders"): Promise<SendFailure | undefined> {
      return deliver({ target, headers: {}, body: new Uint8Array() }, {
        endpoint: plan.endpoint,
        gate,
        poster,
        timeout: plan.timeout,
        sign: () => Promise.resolve({}),
        signal: closing.signal,
      });
    },
  };
  const poster: Poster = {
    async post({ target }, _attempt, signal) {
      requests.push({ at: Date.now(), target });
      const answer = state.answers.length > 1 ? state.answers.shift()! : state.answers[0]!;
      if (answer instanceof Error) throw answer;
      if (answer === "never") return await aborted(signal);
      const rest = { retryAfter: undefined, beginning: new Beginning() };
      return typeof answer === "number"
        ? { status: answer, ...rest }
        : { status: 503, ...rest, ...answer };
    },
    close() {},
  };
  return state;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
}

/** Delivers, and lets as much time pass as that takes. */
export async function inTime(
  time: FakeTime,
  delivering: Promise<SendFailure | undefined>,
): Promise<SendFailure | undefined> {
  await time.runAllAsync();
  return await delivering;
}
