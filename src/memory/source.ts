import { LeaseLostError } from "../message/errors.ts";
import type { LaneLag } from "../transport/capabilities.ts";
import type { Delivery, Host, Lane, Source } from "../transport/port.ts";
import type { Group } from "./group.ts";
import type { Member, MemoryDelivery, MemoryLane } from "./lane.ts";
import type { LaneFate } from "./lane_fate.ts";
import type { Simulation } from "./simulation.ts";
import type { Topic } from "./topic.ts";

/** A member of a group, or a reader, as the engine sees it. */
export class MemorySource implements Source, Member {
  readonly host: Host;
  readonly lanes: MemoryLane[] = [];
  readonly #topic: Topic;
  readonly #group: Group;
  readonly #simulation: Simulation | undefined;
  readonly #fates = new Map<MemoryLane, LaneFate>();
  readonly #onClose: () => void;
  /** Where the next fetch begins, so that no lane waits for the others for ever. */
  #turn = 0;
  /** Whether the last fetch left out a lane that the engine had paused. */
  #leftOut = false;
  #wake: (() => void) | undefined;
  #signal: AbortSignal | undefined;
  #state: "open" | "ending" | "closed" = "open";

  constructor(
    topic: Topic,
    group: Group,
    host: Host,
    onClose: () => void,
    simulation?: Simulation,
  ) {
    this.#topic = topic;
    this.#group = group;
    this.host = host;
    this.#onClose = onClose;
    this.#simulation = simulation;
    group.join(this);
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const doomed = this.#doomed("fetch", this.lanes);
    if (doomed.length > 0) await this.#lose(doomed);
    for (;;) {
      if (this.#state === "closed" || signal.aborted) return [];
      if (this.#state === "open") {
        this.#topic.expire();
        const taken = this.#take(room, paused);
        if (taken.length > 0) return taken;
      }
      this.#listen(signal);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const own = deliveries as readonly MemoryDelivery[];
    const doomed = this.#doomed("ack", own.map(({ lane }) => lane));
    if (doomed.length > 0) await this.#lose(doomed);
    let late = false;
    for (const { lane, next } of own) {
      if (this.#group.owns(lane)) this.#group.commit(lane, next);
      else late = true;
    }
    // Lanes are paused while too much waits for their oldest record: one that moves may go on.
    if (this.#leftOut) this.wake();
    if (late) throw new LeaseLostError(this.#topic.name);
  }

  offset({ token }: Delivery): string {
    return String(token);
  }

  // deno-lint-ignore require-await
  async lag(): Promise<readonly LaneLag[]> {
    const measuredAt = Date.now();
    return this.lanes.map(({ name, partition }) => ({
      lane: name,
      lag: this.#group.lag(partition),
      measuredAt,
    }));
  }

  /** The broker closes: nothing more comes, and what was delivered can still be settled. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.host.end();
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#group.leave(this);
    this.#signal?.removeEventListener("abort", this.wake);
    this.wake();
    this.#onClose();
  }

  add(lane: MemoryLane): void {
    this.lanes.push(lane);
    const fate = this.#simulation?.laneFate(this.#topic.name, this.#group.name, lane);
    if (fate !== undefined) this.#fates.set(lane, fate);
    this.wake();
  }

  remove(lane: MemoryLane): void {
    const at = this.lanes.indexOf(lane);
    if (at !== -1) this.lanes.splice(at, 1);
    this.#fates.get(lane)?.end();
    this.#fates.delete(lane);
  }

  readonly wake = (): void => {
    this.#wake?.();
    this.#wake = undefined;
  };

  /** Takes a fair share of each lane first, then whatever fits. */
  #take(room: number, paused: (lane: Lane) => boolean): MemoryDelivery[] {
    const taken: MemoryDelivery[] = [];
    const { lanes } = this;
    const count = lanes.length;
    const start = this.#turn++;
    const share = Math.ceil(room / count);
    this.#leftOut = false;
    for (const most of [share, room]) {
      for (let step = 0; step < count && taken.length < room; step++) {
        const lane = lanes[(start + step) % count]!;
        if (paused(lane)) this.#leftOut = true;
        else (this.#fates.get(lane) ?? lane).take(Math.min(most, room - taken.length), taken);
      }
    }
    return taken;
  }

  /** The engine passes the same signal again and again: one listener is enough. */
  #listen(signal: AbortSignal): void {
    if (signal === this.#signal) return;
    this.#signal?.removeEventListener("abort", this.wake);
    this.#signal = signal;
    signal.addEventListener("abort", this.wake);
  }

  /** The lanes that the simulation has lost at such a moment. */
  #doomed(moment: LaneFate["doom"], lanes: readonly MemoryLane[]): readonly MemoryLane[] {
    if (this.#simulation === undefined) return [];
    return lanes.filter((lane) => this.#fates.get(lane)?.doom === moment);
  }

  async #lose(lanes: readonly MemoryLane[]): Promise<void> {
    // The engine hears of it when its own call is over.
    await undefined;
    for (const lane of lanes) {
      this.#group.lose(lane, this.#simulation!.crash(this.#topic.name, lane));
    }
  }
}
