import { refuse } from "../options/refusal.ts";
import { BatchHandlers, typeOf } from "./batch_handlers.ts";
import { dropClosed } from "./report_drops.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { Share } from "./batch_handlers.ts";
import type { FlowSettings } from "./flow_options.ts";

/** The thread that shards live in, where that is not the one of the bus. */
export interface ShardThread {
  /** Whether a `flush` wants every batch to leave now. */
  readonly isHurried: boolean;
}

/** What all shards of a flow bus share. */
export class FlowContext {
  readonly core: BusCore;
  readonly settings: FlowSettings;
  readonly batchHandlers: BatchHandlers;
  /** Whether a handler or a stage is on the stack. */
  isHandling = false;
  /** Set in a thread that the bus has started. */
  declare thread: ShardThread | undefined;
  /** For each stage, and for what the last one leaves: whether its failure was printed. */
  #printed: { printed: boolean }[] = [];

  constructor(core: BusCore, settings: FlowSettings) {
    this.core = core;
    this.settings = settings;
    this.batchHandlers = new BatchHandlers(core);
  }

  /** Whether batches need not wait for more: their time-out is 0, or the bus takes nothing new. */
  get isHasty(): boolean {
    return this.settings.batchTimeout === 0 || this.core.state !== "open" ||
      this.thread?.isHurried === true;
  }

  /**
   * Whether what is left of a batch under way is given up. In a thread a batch that has begun comes
   * to its end: its events are in doubt until then, one as the other.
   */
  get isCut(): boolean {
    return this.core.state === "closed" && this.thread === undefined;
  }

  /** Reports that a stage has failed, and counts each event that it was given. */
  failStage(error: unknown, stage: number, events: readonly BusEvent[], given: number): void {
    const { core } = this;
    core.reportFailure(
      error,
      { events, stage },
      `Stage ${stage} of a flow bus`,
      this.#printed[stage] ??= { printed: false },
    );
    core.ledger.failed += given - 1;
  }

  /** Reports that something came out of the stages that is no event. */
  failResult(event: BusEvent): void {
    const last = this.settings.stages.length;
    try {
      refuse("handle an event of a batch", "event.type", "a non-empty string", event?.type);
    } catch (error) {
      const source = this.#printed[last] ??= { printed: false };
      this.core.reportFailure(error, { events: [event] }, "A batch", source);
    }
  }

  /** Reports that a handler of batches has failed. */
  failShare(error: unknown, { registration, events }: Share): void {
    const name = `A handler of batches of '${registration.pattern}'`;
    this.core.reportFailure(error, { events, subscription: registration }, name, registration);
  }

  /** Drops events that were under way when the bus was closed: `close` has counted the others. */
  discardLate(events: readonly BusEvent[]): void {
    this.core.discarded += events.length;
    dropClosed(this.core, events.map((event) => typeOf(event) ?? "unknown"));
  }
}
