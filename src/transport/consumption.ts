import type { CloseOptions } from "../message/contracts.ts";
import type { LaneLag } from "./capabilities.ts";
import { type ConsumeOptions, planConsumption } from "./consume_options.ts";
import type { ConsumeStats } from "./counters.ts";
import { Engine } from "./engine.ts";
import type { Consumer } from "./procedure.ts";
import type { Transport } from "./port.ts";

/** A topic that is being consumed. */
export interface Consumption {
  /** Resolves when it is closed; rejects when it gave up reconnecting. */
  readonly closed: Promise<void>;
  /** What it has done so far. */
  stats(): ConsumeStats;
  /** Fetches nothing until {@linkcode Consumption.resume}. */
  pause(): void;
  /** Goes on fetching. */
  resume(): void;
  /** How far behind it is, where the broker can tell. */
  lag(): Promise<readonly LaneLag[]>;
  /**
   * Gives back what no handler has, waits for what runs, flushes acks, leaves. A later call can only
   * bring the deadline forward.
   *
   * @throws {TypeError | RangeError} If `timeout` is no time; nothing is closed.
   * @throws {CloseTimeoutError} If messages are not settled at the deadline; it is closed all the same.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** A topic that is consumed as fast as somebody asks. */
export interface DemandedConsumption extends Consumption {
  /** How many messages may be taken and not settled. */
  readonly prefetch: number;
  /** Resolves when closing begins: nothing more is handed over. */
  readonly closing: Promise<void>;
  /** Resolves when it is live. Rejects with why it cannot be, or when it is closed before. */
  open(): Promise<void>;
  /** Lets so many more calls of the consumer run at once; a negative number takes them back. */
  demand(calls: number): void;
}

/**
 * Consumes a topic: the one engine behind every way of consuming. It owns credit, order, batches,
 * retries, dead letters, acks, leases, reconnecting and the end; the transport only fetches and acks.
 *
 * @throws {TypeError | RangeError} If an option is malformed, or the transport cannot keep what was asked for.
 *
 * @internal
 */
export async function consume(
  transport: Transport,
  consumer: Consumer,
  options: ConsumeOptions,
): Promise<Consumption> {
  const engine = new Engine(
    transport,
    { call: consumer },
    planConsumption(options, transport.traits),
  );
  await engine.open();
  return engine;
}

/**
 * Consumes a topic for somebody who asks for each message: the consumer is called as often as
 * {@linkcode DemandedConsumption.demand} allows, and what nobody asked for stays in the engine.
 *
 * @throws {TypeError | RangeError} If an option is malformed, or the transport cannot keep what was asked for.
 */
export function consumeOnDemand(
  transport: Transport,
  consumer: Consumer,
  options: Omit<ConsumeOptions, "workers" | "batch">,
): DemandedConsumption {
  const plan = planConsumption(options, transport.traits);
  return new Engine(transport, { call: consumer }, { ...plan, workers: 0 });
}
