import type { Stall } from "../message/contracts.ts";
import { Admissions } from "./admissions.ts";
import type { Handling } from "./handling.ts";
import type { Holdings } from "./holdings.ts";
import { inTime } from "./in_time.ts";
import type { Delivery, Lane } from "./port.ts";
import { Progress } from "./progress.ts";
import type { Slot } from "./slot.ts";

/** What an intake asks of the engine around it, and tells it. */
export interface IntakeHooks {
  /** Deliveries taken and not settled at most. */
  readonly prefetch: number;
  /** Whether a worker has nothing to do. */
  isIdle(): boolean;
  /** There is room again. */
  wake(): void;
  /** A lane that was left out may go on. */
  interrupt(): void;
  /** A lane gets nothing more until its oldest slot is settled. */
  stalled(stall: Omit<Stall, "topic">): void;
}

/** Slots of a lane behind its oldest unsettled one, as a multiple of `prefetch`, and at least. */
const LANE_WINDOW = 4;
const SMALLEST_LANE_WINDOW = 256;

/** The part of `prefetch` that must be free before it is worth a fetch. */
const WORTH_FETCHING = 1 / 4;

/** The way in, and out again for what is not worked on: knows what there is room for, and which lanes are ours. */
export class Intake {
  /** Whether anything may come in now: there is a source, and nobody has said stop. */
  isOpen = false;
  /** Whether the end has begun: what still comes is given back. */
  isClosing = false;
  readonly progress = new Progress();
  readonly admissions = new Admissions();
  readonly #holdings: Holdings;
  readonly #handling: Handling;
  readonly #hooks: IntakeHooks;
  readonly #prefetch: number;
  readonly #window: number;
  readonly #worthwhile: number;
  readonly #revoking = new Set<Lane>();
  /** Lanes that a fetch left out because too much waits for their oldest slot. */
  readonly #full = new Set<Lane>();
  readonly #isTakeable = (delivery: Delivery): boolean => !this.#isRefused(delivery);

  constructor(holdings: Holdings, handling: Handling, hooks: IntakeHooks) {
    this.#holdings = holdings;
    this.#handling = handling;
    this.#hooks = hooks;
    this.#worthwhile = Math.ceil(hooks.prefetch * WORTH_FETCHING);
    this.#prefetch = hooks.prefetch;
    this.#window = Math.max(LANE_WINDOW * hooks.prefetch, SMALLEST_LANE_WINDOW);
  }

  /** How many deliveries may come now. */
  get room(): number {
    if (!this.isOpen) return 0;
    const room = this.#prefetch - this.#holdings.unsettled;
    return room > 0 && this.#holdings.isCongested ? 0 : room;
  }

  /**
   * How many deliveries to fetch now. Not every place that gets free is worth a fetch, as long as the
   * workers are busy: a quarter of them is, and the others have been fetched by then.
   */
  get wanted(): number {
    const { room } = this;
    return room >= this.#worthwhile || (room > 0 && this.#hooks.isIdle()) ? room : 0;
  }

  /** Whether a lane is being given away. */
  isRevoking(lane: Lane): boolean {
    return this.#revoking.has(lane);
  }

  /** Whether a lane gets nothing now: it is being given away, or too much waits for its oldest slot. */
  isPaused(lane: Lane): boolean {
    if (this.#revoking.has(lane)) return true;
    const backlog = this.#holdings.backlogOf(lane);
    if (backlog < this.#window) return false;
    if (!this.#full.has(lane)) {
      this.#full.add(lane);
      const { uuid } = this.#holdings.oldestOf(lane)!.message;
      const cause = new Error(`It is not settled, and ${backlog - 1} messages are behind it`);
      this.#hooks.stalled({ lane: lane.name, uuid, cause });
    }
    return true;
  }

  /** Takes what was fetched. */
  take(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (delivery.lane.fenced) this.#holdings.drop();
      else if (this.#isRefused(delivery)) this.#holdings.refuse(delivery);
      else this.#handling.take(delivery);
    }
  }

  /**
   * Takes a delivery as soon as there is room. What comes while its lane is given away, or in the end,
   * waits for that: given back at once, it would come again at once.
   */
  admit(delivery: Delivery): void | Promise<void> {
    if (delivery.lane.fenced) return this.#holdings.drop();
    const waits = this.admissions.size > 0 || this.room <= 0 || this.#isRefused(delivery);
    if (waits) return this.admissions.add(delivery);
    this.#handling.take(delivery);
  }

  /** Takes a delivery if there is room. */
  offer(delivery: Delivery): boolean {
    if (delivery.lane.fenced || this.#isRefused(delivery)) return false;
    if (this.admissions.size > 0 || this.room <= 0) return false;
    this.#handling.take(delivery);
    return true;
  }

  /** A place is free, or a handler has ended. */
  advance(): void {
    while (this.admissions.size > 0 && this.room > 0) {
      const next = this.admissions.shift(this.#isTakeable);
      if (next === undefined) break;
      this.#handling.take(next);
    }
    if (this.#full.size > 0) this.#reopenLanes();
    if (this.wanted > 0) this.#hooks.wake();
    this.progress.tell();
  }

  /** Takes what waits for room, however much that is: there is nobody to give it back to. */
  takeRest(): void {
    for (const delivery of this.admissions.take(() => true)) this.#handling.take(delivery);
  }

  /** Gives back what no handler has. */
  giveBack(holds: (delivery: Delivery) => boolean): void {
    for (const delivery of this.admissions.take(holds)) this.#holdings.refuse(delivery);
    const idle = this.#holdings.slots.where((slot) => isIdle(slot) && holds(slot.delivery));
    for (const slot of idle) this.#handling.attempts.giveBack(slot);
    this.#handling.sweep();
  }

  /** Lets go of what is somebody else's; running handlers are asked to stop. */
  lose(holds: (delivery: Delivery) => boolean, cause: unknown): void {
    this.#holdings.drop(this.admissions.take(holds).length);
    const lost = this.#holdings.slots.where(({ delivery }) => holds(delivery));
    // Before the first is let go all are lost: it must not make way for the next of its key.
    for (const slot of lost) slot.lose(cause);
    for (const slot of lost) if (slot.phase !== "running") this.#handling.attempts.lose(slot);
    this.#handling.sweep();
    this.advance();
  }

  /**
   * Like {@linkcode Intake.lose}, and gives back what must not pass what is lost: what was taken after
   * it with its key, up to where it was delivered again.
   */
  loseSome(gone: ReadonlySet<Delivery>, cause: unknown): void {
    const ids = new Set<string>();
    const keys = new Set<string>();
    const behind = this.#holdings.slots.where((slot) => {
      const { delivery, key } = slot;
      if (gone.has(delivery)) {
        ids.add(delivery.rec.id);
        if (key !== "") keys.add(key);
      } else if (ids.has(delivery.rec.id)) keys.delete(key);
      else return keys.has(key) && isIdle(slot);
      return false;
    });
    for (const slot of behind) this.#handling.attempts.giveBack(slot);
    this.lose((delivery) => gone.has(delivery), cause);
  }

  /** Drains a lane for at most `within` milliseconds, then lets go of it. */
  async revoke(lane: Lane, within: number): Promise<void> {
    const isOfLane = (delivery: Delivery) => delivery.lane === lane;
    this.#revoking.add(lane);
    this.giveBack(isOfLane);
    // Nothing is added to a lane that is given away: what is left of it only gets less.
    const left = this.#holdings.slots.where(({ delivery }) => isOfLane(delivery));
    const settled = this.progress.until(() => {
      while (left.at(-1)?.isGone) left.pop();
      return left.length === 0;
    });
    const flushed = settled.then(() => {
      this.giveBack(isOfLane);
      return this.#holdings.flush();
    });
    await inTime(flushed, within);
    this.forget(lane, new Error(`Lane '${lane.name}' was given to another consumer`));
  }

  /** A lane is somebody else's. */
  forget(lane: Lane, cause: unknown): void {
    lane.fenced = true;
    this.#holdings.forget(lane);
    this.#full.delete(lane);
    this.#revoking.delete(lane);
    this.lose((delivery) => delivery.lane === lane, cause);
    this.#handling.forget(lane);
  }

  #isRefused({ lane }: Delivery): boolean {
    return (this.#revoking.size > 0 && this.#revoking.has(lane)) || this.isClosing;
  }

  /** A fetch that waits goes on without the lanes that were full when it began. */
  #reopenLanes(): void {
    const before = this.#full.size;
    for (const lane of this.#full) {
      if (this.#holdings.backlogOf(lane) <= this.#window / 2) this.#full.delete(lane);
    }
    if (this.#full.size < before) this.#hooks.interrupt();
  }
}

/** Whether no handler has a slot, and no dead letter of it is on its way. */
function isIdle({ phase, cancel }: Slot): boolean {
  return phase === "queued" || (phase === "waiting" && cancel !== undefined);
}
