import { Breaker, type BreakerLimits, type CircuitChange } from "@beat/beat/middleware";
import { EndpointCircuitOpenError, EndpointGoneError, type WebhookError } from "./errors.ts";

/** When an endpoint is spared, and who hears of it; checked already. */
export interface CircuitPlan {
  readonly limits: BreakerLimits;
  readonly onStateChange: ((change: CircuitChange) => void) | undefined;
}

/** Told once how an attempt went: whether the endpoint is down, `undefined` if that says nothing of it. */
export type Leave = (isDown: boolean | undefined) => void;

/** Paths that said 410 and are remembered. */
const REMEMBERED = 1_024;

/**
 * Stands before an endpoint. It lets nothing through to what is gone, and spares for a while what failed
 * too often: however many messages there are for it, a few attempts find out whether it works again.
 */
export class EndpointGate {
  readonly #origin: string;
  readonly #breaker: Breaker | undefined;
  readonly #gone = new Set<string>();

  constructor(origin: string, circuit: CircuitPlan | undefined) {
    this.#origin = origin;
    this.#breaker = circuit && new Breaker(circuit.limits, telling(circuit.onStateChange));
  }

  /** Lets an attempt through, or says why not; `earlier` is what the last attempt failed with. */
  enter(target: string, earlier?: unknown): Leave | WebhookError {
    if (this.#gone.has(target)) return new EndpointGoneError(this.#origin);
    const breaker = this.#breaker;
    if (breaker === undefined) return () => {};
    const permit = breaker.ask(performance.now());
    if (typeof permit === "number") {
      return new EndpointCircuitOpenError(this.#origin, permit, { cause: earlier });
    }
    return (isDown) => breaker.report(permit, isDown, performance.now());
  }

  /** It answered 410: nothing goes there any more. */
  shut(target: string): void {
    this.#gone.add(target);
    if (this.#gone.size <= REMEMBERED) return;
    const [oldest] = this.#gone;
    this.#gone.delete(oldest!);
  }
}

function telling(hook: CircuitPlan["onStateChange"]): (change: CircuitChange) => void {
  return (change) => {
    try {
      hook?.(change);
    } catch (error) {
      console.error("A hook failed:", error);
    }
  };
}
