import { BusClosedError } from "./errors.ts";
import { show } from "../options/refusal.ts";
import { Ledger } from "./ledger.ts";
import { BOOLEAN, check, checkOptions, FUNCTION, SIGNAL } from "../options/options.ts";
import { Registry } from "./registry.ts";
import { print } from "../options/print.ts";
import type { BusOptions, DropReport, ErrorContext } from "./bus_options.ts";
import type { FlowErrorContext } from "./flow_contracts.ts";
import type { SubscribeOptions } from "./subscription.ts";
import type { Engine } from "./engine.ts";
import type { BusEvent, Handler } from "./event.ts";
import type { Rules } from "../options/options.ts";
import type { Registration } from "./registration.ts";
import type { CloseReport } from "./stats.ts";

/** The rules of the options that every bus takes. */
export const BUS_RULES: Rules = { onError: FUNCTION, onDrop: FUNCTION };

/** What an engine and the face of its bus share: subscriptions, books, hooks and state. */
export class BusCore {
  readonly registry: Registry = new Registry(this);
  readonly ledger: Ledger = new Ledger();
  readonly engine: Engine;
  /** How far the bus has gone from open over draining to closed. It never goes back. */
  state: "open" | "draining" | "closed" = "open";
  /** What `close` reports; every call of it gets the same promise. */
  report: Promise<CloseReport> | undefined;
  /** How many queued events `close` has dropped. */
  discarded = 0;
  /** What the handler that failed last threw or rejected with, if no caller got it. */
  lastError: unknown;
  #options: BusOptions;

  constructor(options: BusOptions, engine: Engine) {
    this.#options = options;
    this.engine = engine;
  }

  /** Takes nothing new from outside handlers any more. */
  seal(state: "draining" | "closed"): void {
    this.state = state;
    this.registry.seal();
  }

  /** @throws {BusClosedError} If the bus is closed, or drains and no handler is on the stack. */
  admit(attempt: string): void {
    if (this.state === "closed" || (this.state === "draining" && !this.engine.isInHandler())) {
      throw new BusClosedError(attempt);
    }
  }

  /**
   * The `on` of every bus. `onEnd` is called when the subscription ends, and told whether `close`
   * ended it; with a signal that has aborted that is before `on` returns. An engine may keep
   * subscriptions of a second kind in a `registry` of their own.
   */
  on(
    pattern: string,
    handler: Handler,
    options?: SubscribeOptions,
    onEnd?: (closed: boolean) => void,
    registry = this.registry,
  ): Registration {
    const action = `subscribe to ${show(pattern)}`;
    check(action, "pattern", pattern, ["a string", "string"]);
    check(action, "handler", handler, FUNCTION);
    if (this.state === "closed") throw new BusClosedError(action);
    const rules = { once: BOOLEAN, signal: SIGNAL, ...this.engine.subscribeRules };
    if (options !== undefined) checkOptions(action, options, rules);
    const registration = registry.add(pattern, handler);
    this.engine.subscribed?.(registration, options);
    if (options === undefined) return registration;
    const { once, signal } = options;
    const end = () => registration.unsubscribe();
    if (once) {
      let called = false;
      // Not `handler`: an engine may have wrapped it.
      const call = registration.handler;
      registration.handler = (event) => {
        // A second event may come before the first has been handled, even within its handler.
        if (called) return;
        called = true;
        end();
        return call(event);
      };
    }
    registration.onEnd = (closed) => {
      signal?.removeEventListener("abort", end);
      onEnd?.(closed);
    };
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
    return registration;
  }

  /** Reports the failure of a handler that no caller gets. */
  fail(
    error: unknown,
    event: BusEvent,
    subscription: Registration,
    name = `A handler of '${subscription.pattern}'`,
  ): void {
    this.lastError = error;
    this.reportFailure(error, { event, subscription }, name, subscription);
  }

  /** Counts a failure, and tells `onError` or the console: this only once of each `source`. */
  reportFailure(
    error: unknown,
    context: FlowErrorContext,
    name: string,
    source: { printed: boolean },
  ): void {
    this.ledger.failed++;
    if (this.#options.onError !== undefined) {
      // An engine that leaves a field out has an `onError` that does without it.
      this.#tell("onError", (onError) => onError(error, context as ErrorContext));
    } else if (!source.printed) {
      source.printed = true;
      print(`${name} failed:`, error);
    }
  }

  /** Tells `onDrop`. Counting is the caller's, as only some of what drops is a delivery. */
  reportDrop(report: DropReport): void {
    this.#tell("onDrop", (onDrop) => onDrop(report));
  }

  /** Calls a hook, if there is one. What it throws must not harm the bus that reports. */
  async #tell<Name extends keyof BusOptions>(
    name: Name,
    call: (hook: NonNullable<BusOptions[Name]>) => unknown,
  ): Promise<void> {
    const hook = this.#options[name];
    if (hook === undefined) return;
    try {
      await call(hook);
    } catch (error) {
      print(`The hook '${name}' failed:`, error);
    }
  }
}
