import { Fifo } from "../core/fifo.ts";
import { readEvent } from "../ring/frame_event.ts";
import { HEADER_FLUSH, RING_HEAD } from "../ring/layout.ts";
import { FlowContext } from "./flow_context.ts";
import { FlowShard } from "./flow_shard.ts";
import { fnv1a } from "./fnv1a.ts";
import { createStageNamer } from "./name_stages.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { RingReader, TakenFrame } from "../ring/ring_reader.ts";
import type { BatchSettings, Stage } from "./flow_options.ts";
import type { Mesh } from "./mesh.ts";
import type { ThreadCounters } from "./thread_counters.ts";

/** What {@linkcode FlowThread} works with. */
export interface FlowThreadParts {
  core: BusCore;
  counters: ThreadCounters;
  settings: BatchSettings;
  valueCodec: ValueCodec | undefined;
  /** A batch is through. */
  onSettled(): void;
}

/** A shard, and the frames of what it holds. */
interface Place {
  readonly shard: FlowShard;
  readonly waiting: Fifo<TakenFrame>;
}

/**
 * The shards of one thread of a flow bus.
 *
 * A frame stays in its ring until the batch of its event is through. It counts as begun as long as
 * the batch is under way: if the thread dies, all events of that batch are in doubt, and those in
 * collection are the next thread's.
 */
export class FlowThread {
  readonly context: FlowContext;
  /** Called when frames were marked as begun, before anything of the user runs. */
  onBegin: () => void = () => {};
  /** The `stages` of the bus. */
  readonly nameStages: (stages: readonly Stage[]) => void;
  readonly #mesh: Mesh;
  readonly #parts: FlowThreadParts;
  readonly #places: Place[] = [];
  /** What the bus had last said of its flushes. */
  #flush: number;
  #turn = 0;
  #isServing = false;

  constructor(mesh: Mesh, parts: FlowThreadParts) {
    this.#mesh = mesh;
    this.#parts = parts;
    this.#flush = this.#readFlush();
    const { settings } = parts;
    this.context = new FlowContext(parts.core, {
      ...settings,
      stages: [],
      // The rings are full before.
      capacity: Infinity,
      overflow: "block",
    });
    const isHurried = () => isOdd(this.#readFlush());
    this.context.thread = {
      get isHurried() {
        return isHurried();
      },
    };
    const name = createStageNamer(this.context, () => this.#isServing);
    this.nameStages = (stages) => {
      name(stages);
      const named = this.context.settings;
      named.stages = named.stages.map((stage) => this.#lively(stage));
    };
    for (let i = 0; i < settings.shards; i++) this.#places.push(this.#createPlace());
  }

  /** Whether a batch is in its stages or handlers. */
  get isUnderWay(): boolean {
    return this.#places.some(({ shard }) => shard.isUnderWay);
  }

  /** Whether it holds anything, also what only waits for its time. */
  get isBusy(): boolean {
    return this.#places.some(({ shard }) => shard.isBusy);
  }

  /** Whether the bus has said something new of its flushes. */
  get hasNews(): boolean {
    return this.#readFlush() !== this.#flush;
  }

  /** Takes no stages any more. */
  serve(): void {
    this.#isServing = true;
  }

  /**
   * Makes the thread show life whenever the handler is called. The event loop may have no turn for
   * many events, and one look for each of them in `FlowBatch` would cost buses without threads, too.
   */
  enliven(registration: Registration): void {
    registration.handler = this.#lively(registration.handler);
  }

  /** Takes the event of a taken frame. */
  take(resolution: Resolution, reader: RingReader, word: number): void {
    const { first } = resolution;
    const { settings, batchHandlers } = this.context;
    const isWanted = first !== undefined || settings.stages.length > 0 ||
      batchHandlers.wants(resolution);
    const event = isWanted ? this.#read(resolution, reader, word) : undefined;
    if (event === undefined) return reader.finish(word, true);
    const { shard, waiting } = this.#placeOf(event);
    waiting.push({ reader, word });
    shard.push(resolution, event);
  }

  /** Lets batches leave that need not wait for more: a flush has come, or a ring is half full. */
  follow(): void {
    // Read once: a flush that the bus begins between two reads would count as heard of.
    const flush = this.#readFlush();
    const isFlushing = flush !== this.#flush && isOdd(flush);
    this.#flush = flush;
    if (isFlushing || this.#isCrowded()) this.hurry();
  }

  /** Lets all batches in collection leave. */
  hurry(): void {
    for (const { shard } of this.#places) if (shard.isBusy) shard.seal();
  }

  /** Begins no batch any more: what waits stays in the rings. */
  stop(): void {
    for (const { shard, waiting } of this.#places) {
      while (waiting.shift() !== undefined) shard.takeOldest();
    }
  }

  #lively<Given, Result>(call: (given: Given) => Result): (given: Given) => Result {
    const { counters } = this.#parts;
    return (given) => {
      counters.showLife();
      return call(given);
    };
  }

  #createPlace(): Place {
    const waiting = new Fifo<TakenFrame>();
    const begun: TakenFrame[] = [];
    const shard = new FlowShard(this.context, {
      begin: (size) => {
        this.#parts.counters.showLife();
        for (let i = 0; i < size; i++) {
          const taken = waiting.shift()!;
          taken.reader.start(taken.word);
          begun.push(taken);
        }
        this.onBegin();
      },
      end: (added) => {
        const { counters, core, onSettled } = this.#parts;
        // Before home can know that they are finished.
        counters.noteFailed(core.ledger.failed);
        for (const { reader, word } of begun) reader.finish(word, true);
        counters.countBatch(begun.length);
        begun.length = 0;
        counters.countAdded(added);
        onSettled();
      },
    });
    return { shard, waiting };
  }

  /** The event of a frame, which must not need the frame any more; nothing if it cannot be read. */
  #read(resolution: Resolution, reader: RingReader, word: number): BusEvent | undefined {
    const { core, valueCodec } = this.#parts;
    const { type, registrations } = resolution;
    try {
      // The codec is code of the user: it may end the thread.
      reader.start(word);
      if (valueCodec !== undefined) this.onBegin();
      const event = readEvent(this.#mesh.cells, word, type, valueCodec);
      reader.wait(word);
      return event;
    } catch (error) {
      const [subscription] = registrations;
      const context = { event: { type, data: undefined }, ...(subscription && { subscription }) };
      core.reportFailure(error, context, `Reading an event of type '${type}'`, { printed: false });
      return undefined;
    }
  }

  #placeOf({ type, key }: BusEvent): Place {
    const places = this.#places;
    if (places.length === 1) return places[0];
    const isSpread = key === undefined && this.context.settings.spread.includes(type);
    const { threads } = this.#mesh.layout;
    // The remainder by the number of threads has chosen this one.
    const number = isSpread ? this.#turn++ : Math.floor(fnv1a(key ?? type) / threads);
    return places[number % places.length];
  }

  /** Whether what waits fills half of a ring: then a writer may find no room for an event. */
  #isCrowded(): boolean {
    const { cells, layout, readers, self } = this.#mesh;
    return readers.some((reader, from) => {
      const { words, capacity } = layout.ring(from, self);
      return ((reader!.next - cells.load(words + RING_HEAD)) | 0) > capacity / 2;
    });
  }

  #readFlush(): number {
    return this.#mesh.cells.load(HEADER_FLUSH);
  }
}

/** Whether a flush is under way; the word wraps at 2 ** 31. */
function isOdd(flush: number): boolean {
  return flush % 2 !== 0;
}
