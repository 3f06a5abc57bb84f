import { isThenable } from "../options/thenable.ts";
import { PendingDelivery } from "../core/pending_delivery.ts";
import { FLAG_EACH, FLAG_TYPE, FRAME_FLAGS, FRAME_TOPIC } from "../ring/frame.ts";
import { dataOf, FrameEvent, readExtras } from "../ring/frame_event.ts";
import { readTopic } from "../ring/topic_table.ts";
import { refuseThenable } from "./lend_data.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { Cursor } from "../core/subscription.ts";
import type { BusEvent } from "../core/event.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { RingReader } from "../ring/ring_reader.ts";
import type { KeyedBacklog } from "./keyed_backlog.ts";
import type { Mesh } from "./mesh.ts";

/** What {@linkcode FrameHandler} works with. */
export interface FrameHandlerParts {
  core: BusCore;
  /** Learns which keys have promises pending. */
  backlog: KeyedBacklog;
  valueCodec: ValueCodec | undefined;
  /** The promises of an event have settled. */
  onSettled(): void;
}

/** Calls the handlers of a thread with the frames of its rings, where they lie. */
export class FrameHandler {
  readonly #mesh: Mesh;
  readonly #core: BusCore;
  readonly #backlog: KeyedBacklog;
  readonly #codec: ValueCodec | undefined;
  readonly #onSettled: () => void;
  /** Types by the node that numbers them and the number. */
  readonly #topics: Resolution[][] = [];
  readonly #cursor: { -readonly [K in keyof Cursor]: Cursor[K] };

  constructor(mesh: Mesh, { core, backlog, valueCodec, onSettled }: FrameHandlerParts) {
    this.#mesh = mesh;
    this.#core = core;
    this.#backlog = backlog;
    this.#codec = valueCodec;
    this.#onSettled = onSettled;
    const { cells, layout } = mesh;
    for (let node = 0; node <= layout.threads; node++) this.#topics.push([]);
    this.#cursor = { u8: cells.bytes, i32: cells.words, offset: 0, length: 0 };
  }

  /** The handlers of a frame that `from` has written. */
  resolve(from: number, word: number, flags: number): Resolution {
    const { cells, layout } = this.#mesh;
    const { registry } = this.#core;
    if ((flags & FLAG_TYPE) !== 0) return registry.current(readExtras(cells, word).type!);
    const topics = this.#topics[from];
    const topic = cells.get(word + FRAME_TOPIC);
    const known = topics[topic];
    if (known !== undefined && known.version === registry.version) return known;
    const type = known?.type ?? readTopic(cells, layout, from, topic);
    return topics[topic] = registry.current(type);
  }

  /** The event of a frame, which reads its data when they are touched. */
  createEvent(type: string, word: number): FrameEvent {
    return new FrameEvent(type, this.#mesh.cells, word, this.#codec);
  }

  /**
   * Calls the handlers of a taken frame; says whether a promise of one of them is pending. An event
   * that was held back is given, as it has been made.
   */
  handle(
    { type, registrations }: Resolution,
    reader: RingReader,
    word: number,
    held?: BusEvent,
  ): boolean {
    const isForEach = (this.#mesh.cells.get(word + FRAME_FLAGS) & FLAG_EACH) !== 0;
    let event = held as FrameEvent | undefined;
    let delivery: PendingDelivery | undefined;
    let waiting: Registration | undefined;
    reader.start(word);
    for (let i = 0; i < registrations.length; i++) {
      const registration = registrations[i];
      if (isForEach && !registration.each) continue;
      try {
        if (registration.zeroCopy) {
          this.#callWithCursor(registration, word);
          continue;
        }
        event ??= this.createEvent(type, word);
        const result = registration.handler(event);
        if (result === undefined || !isThenable(result)) continue;
        delivery ??= this.#createDelivery(event, reader, word);
        delivery.follow(result, registration);
        waiting ??= registration;
      } catch (error) {
        event ??= this.createEvent(type, word);
        this.#core.fail(error, event, registration);
      }
    }
    if (delivery === undefined) {
      event?.expire();
      reader.finish(word, true);
      return false;
    }
    this.#keep(event!, waiting!);
    this.#core.ledger.pending++;
    return true;
  }

  /** Builds the event for those who wait: last, so that a codec that throws is in nobody's way. */
  #keep(event: FrameEvent, waiting: Registration): void {
    try {
      event.keep();
    } catch (error) {
      this.#core.fail(error, event, waiting);
    }
  }

  #callWithCursor({ handler, pattern }: Registration, word: number): void {
    const cursor = this.#cursor;
    [cursor.offset, cursor.length] = dataOf(this.#mesh.cells, word);
    refuseThenable((handler as unknown as (cursor: Cursor) => unknown)(cursor), pattern);
  }

  #createDelivery(event: BusEvent, reader: RingReader, word: number): PendingDelivery {
    const { key } = event;
    if (key !== undefined) this.#backlog.begin(key);
    return new PendingDelivery(this.#core, event, () => {
      if (key !== undefined) this.#backlog.end(key);
      reader.finish(word, true);
      this.#onSettled();
    });
  }
}
