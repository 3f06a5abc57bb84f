import { BusClosedError } from "../core/errors.ts";
import { DataPool } from "../ring/data_pool.ts";
import { FLAG_TYPE, FRAME_FLAGS, FRAME_TOPIC } from "../ring/frame.ts";
import { readEvent, readExtras } from "../ring/frame_event.ts";
import {
  freeLane,
  LANE_OWNER,
  type Lanes,
  leaveLane,
  OWNER_LEFT,
  OWNER_LIVE,
  sealLanes,
} from "../ring/lane.ts";
import { NODE_DROPPED, NODE_WANTS_ROOM, type RingPlace } from "../ring/layout.ts";
import { stayAwake, wake } from "../ring/park.ts";
import { finishForWriter } from "../ring/recovery.ts";
import { RingReader } from "../ring/ring_reader.ts";
import { RingScanner } from "../ring/ring_scanner.ts";
import { readTopic } from "../ring/topic_table.ts";
import { Idle } from "./idle.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Feed } from "./feed.ts";
import type { FlowEngine } from "./flow_engine.ts";
import type { ShareOptions } from "./lane_options.ts";

/** Events of one lane that are moved before the event loop has a turn. */
const BURST = 256;

/** Milliseconds until a full shard is asked again, where it gives no sign of life. */
const RETRY = 1;

/** How data become values again. */
type DataOptions = Pick<ShareOptions, "valueCodec" | "pooled">;

/** One lane, as the thread of the bus reads it. */
interface Inbox {
  readonly lane: number;
  readonly node: number;
  readonly place: RingPlace;
  readonly reader: RingReader;
  readonly scanner: RingScanner;
  /** Who handles the types that its owners have numbered, as far as they came. */
  readonly resolutions: Resolution[];
  /** Events that have come into the shards. */
  taken: number;
  /** Events behind those that the books have counted. */
  waiting: number;
  /** Events that its owners have dropped, as the books have them. */
  dropped: number;
  /** Whether there is room of which an owner that waits for it was not told. */
  owesRoom: boolean;
  /** Whether something stood in it that no owner of a lane writes. */
  isBroken: boolean;
  printed: boolean;
}

/** A `flush` that waits for lanes. */
interface Pull {
  /** How many events must have come, by inbox. */
  readonly targets: readonly number[];
  reach(): void;
  refuse(error: unknown): void;
}

/**
 * Moves what other threads have written into lanes to the shards of a flow bus: to those of this
 * thread, or through the rings to those of the threads of the bus.
 */
export class LaneHost implements Feed {
  /** Whether a lane may take something new without this thread: never, once they are sealed. */
  readonly isOpen = false;
  readonly #engine: FlowEngine;
  readonly #lanes: Lanes;
  readonly #codec: ValueCodec | undefined;
  readonly #pool: DataPool | undefined;
  readonly #inboxes: readonly Inbox[];
  readonly #pulls = new Set<Pull>();
  readonly #idle: Idle;
  #isSealed = false;
  /** Whether the next event of a lane finds its shard full. */
  #isStuck = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: FlowEngine, lanes: Lanes, { valueCodec, pooled }: DataOptions) {
    const { cells, layout } = this.#lanes = lanes;
    this.#engine = engine;
    this.#codec = valueCodec;
    this.#pool = pooled ? new DataPool(cells, valueCodec) : undefined;
    this.#inboxes = Array.from({ length: layout.threads }, (_, index) => {
      const lane = index + 1;
      const place = layout.ring(0, lane);
      const reader = new RingReader(cells, place);
      return {
        lane,
        node: layout.node(lane),
        place,
        reader,
        scanner: new RingScanner(cells, place, reader),
        resolutions: [],
        taken: 0,
        waiting: 0,
        dropped: 0,
        owesRoom: false,
        isBroken: false,
        printed: false,
      };
    });
    this.#idle = new Idle({ cells, words: layout.node(0) }, {
      turn: () => this.#turn(),
      hasWork: () => !this.#isStuck && this.#hasNext(),
    });
    this.#idle.schedule();
  }

  collect(): void {
    const { ledger, state } = this.#engine.core;
    if (state !== "open") this.#seal();
    for (const inbox of this.#inboxes) {
      if (!inbox.isBroken) {
        inbox.scanner.scan(() => {
          inbox.waiting++;
          ledger.emitted++;
          return false;
        });
      }
      const dropped = this.#lanes.cells.load(inbox.node + NODE_DROPPED);
      const growth = (dropped - inbox.dropped) >>> 0;
      ledger.emitted += growth;
      ledger.dropped += growth;
      inbox.dropped = dropped;
    }
  }

  pull(signal: AbortSignal | undefined): Promise<void> {
    this.collect();
    const targets = this.#inboxes.map(({ taken, waiting }) => taken + waiting);
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        signal?.removeEventListener("abort", abort);
        this.#pulls.delete(pull);
        outcome();
      };
      const pull: Pull = {
        targets,
        reach: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
      };
      const abort = () => pull.refuse(signal!.reason);
      signal?.addEventListener("abort", abort);
      this.#pulls.add(pull);
      this.#idle.schedule();
    });
  }

  discard(): string[] {
    this.collect();
    const types: string[] = [];
    for (const inbox of this.#inboxes) {
      for (let word; !inbox.isBroken && (word = this.#peek(inbox)) >= 0;) {
        types.push(this.#resolve(inbox, word).type);
        inbox.reader.pass(word);
      }
    }
    for (const pull of this.#pulls) pull.refuse(new BusClosedError("flush the bus"));
    clearTimeout(this.#timer);
    this.#idle.end();
    return types;
  }

  /** Takes the lanes of threads that are certainly gone from them; says how many those are. */
  reclaim(): number {
    const { cells } = this.#lanes;
    const owned = this.#inboxes.filter(({ node }) => cells.load(node + LANE_OWNER) === OWNER_LIVE);
    for (const { node, place } of owned) {
      finishForWriter(cells, place);
      leaveLane(cells, node);
    }
    this.#idle.schedule();
    return owned.length;
  }

  /** Looks at the lanes soon, as this thread itself has written one of them. */
  hurry(): void {
    this.#idle.schedule();
  }

  #hasNext(): boolean {
    const { cells } = this.#lanes;
    for (const { isBroken, reader, node } of this.#inboxes) {
      if (isBroken) continue;
      if (reader.hasNext() || cells.load(node + LANE_OWNER) === OWNER_LEFT) return true;
    }
    return false;
  }

  /** Moves what waits, as far as there is room; says whether to go on soon. */
  #turn(): boolean {
    this.#isStuck = false;
    let hasMoved = false;
    for (const inbox of this.#inboxes) if (this.#move(inbox)) hasMoved = true;
    for (const pull of this.#pulls) {
      if (this.#inboxes.every(({ taken }, index) => taken >= pull.targets[index])) pull.reach();
    }
    this.#engine.core.ledger.settle();
    if (this.#isStuck && !hasMoved) {
      // A shard wakes nobody when it has room.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#idle.schedule(), RETRY);
    }
    return hasMoved;
  }

  /** Moves a burst of one lane; says whether there was any. */
  #move(inbox: Inbox): boolean {
    const { cells } = this.#lanes;
    const { node, reader } = inbox;
    // Before the ring: who has left publishes nothing after it.
    const owner = cells.load(node + LANE_OWNER);
    const moved = inbox.isBroken ? 0 : this.#moveBurst(inbox);
    if (reader.release()) inbox.owesRoom = true;
    if (inbox.owesRoom && (moved < BURST || isHalfFree(inbox))) {
      inbox.owesRoom = false;
      if (cells.load(node + NODE_WANTS_ROOM) === 1) wake(cells, node);
    }
    if (owner === OWNER_LEFT && !inbox.isBroken && !reader.hasNext()) {
      cells.set(node + NODE_WANTS_ROOM, 0);
      stayAwake(cells, node);
      freeLane(cells, node);
    }
    return moved > 0;
  }

  /** Moves what is there, up to a burst; says how much that was. */
  #moveBurst(inbox: Inbox): number {
    const { core } = this.#engine;
    const { registry } = core;
    const { reader } = inbox;
    // Between two bursts the owner may have written something else where a copy was made.
    this.#pool?.renew();
    for (let moved = 0; moved < BURST; moved++) {
      const word = this.#peek(inbox);
      if (word < 0) return moved;
      try {
        let resolution = this.#resolve(inbox, word);
        const event = this.#read(inbox, word, resolution.type);
        // Codecs are code of the user: a bus that one of them has closed has taken all frames.
        if (this.#isOver()) return moved;
        // One that has ended subscriptions may have emptied the list of all that are left.
        if (resolution.version !== registry.version) resolution = registry.current(resolution.type);
        const hasRoom = this.#offer(resolution, event);
        if (this.#isOver()) return moved;
        if (!hasRoom) {
          this.#isStuck = true;
          return moved;
        }
      } catch (error) {
        if (this.#isOver()) return moved;
        // Its data is not what the codec has made, or takes: an event without handlers.
        core.ledger.emitted++;
        core.ledger.processed++;
        core.reportFailure(error, {}, "An event of a lane", inbox);
      }
      reader.pass(word);
      inbox.taken++;
      // The books had it as one of the lane; it is one of a shard now.
      if (inbox.waiting > 0) {
        inbox.waiting--;
        core.ledger.emitted--;
      }
    }
    return BURST;
  }

  #isOver(): boolean {
    return this.#engine.core.state === "closed";
  }

  #read({ reader, place }: Inbox, word: number, type: string): BusEvent {
    const pool = this.#pool;
    return pool === undefined
      ? readEvent(this.#lanes.cells, word, type, this.#codec)
      : pool.read(reader, place, word, type);
  }

  /** Hands an event on, if there is room for it; says whether there was. */
  #offer(resolution: Resolution, event: BusEvent): boolean {
    const { sender } = this.#engine;
    if (sender !== undefined) return sender.offer(resolution, event);
    return this.#engine.offer(resolution, event) === undefined;
  }

  /** The next frame; -1 if there is none, or none can be found. */
  #peek(inbox: Inbox): number {
    try {
      return inbox.reader.peek();
    } catch (error) {
      // What follows in it is lost: `close` reports it as stuck.
      inbox.isBroken = true;
      this.#engine.core.reportFailure(error, {}, "A lane", inbox);
      return -1;
    }
  }

  #seal(): void {
    if (this.#isSealed) return;
    this.#isSealed = true;
    sealLanes(this.#lanes, (lane) => this.#inboxes[lane - 1].reader.seal());
    for (const { node } of this.#inboxes) wake(this.#lanes.cells, node);
  }

  /** Who handles the event of a frame. */
  #resolve({ lane, resolutions }: Inbox, word: number): Resolution {
    const { cells, layout } = this.#lanes;
    const { registry } = this.#engine.core;
    if ((cells.get(word + FRAME_FLAGS) & FLAG_TYPE) !== 0) {
      return registry.current(readExtras(cells, word).type!);
    }
    const topic = cells.get(word + FRAME_TOPIC);
    const known = resolutions[topic];
    if (known?.version === registry.version) return known;
    const type = known?.type ?? readTopic(cells, layout, lane, topic);
    return resolutions[topic] = registry.current(type);
  }
}

/**
 * Whether an owner that has waited finds room for more than an event: to wake it takes longer than to
 * write a hundred, so it should not be woken for each burst.
 */
function isHalfFree({ reader, place }: Inbox): boolean {
  return ((reader.end - reader.next) | 0) <= place.capacity / 2;
}
