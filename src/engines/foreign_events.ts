import { Registration } from "../core/registration.ts";
import { FLAG_TYPE, FRAME_FLAGS, FRAME_TOPIC } from "../ring/frame.ts";
import { readEvent, readExtras } from "../ring/frame_event.ts";
import { readTopic } from "../ring/topic_table.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Mesh } from "./mesh.ts";

/** Reads an event without its data. */
const WITHOUT_DATA: ValueCodec = { encode: () => new Uint8Array(), decode: () => undefined };

/** Patterns of other threads that are remembered. */
const MAX_STRANGERS = 1_024;

/** Reads the events of other threads where they lie, and tells of what failed there. */
export class ForeignEvents {
  readonly #mesh: Mesh;
  readonly #core: BusCore;
  readonly #codec: ValueCodec | undefined;
  /** What stands for subscriptions of other threads, by pattern. */
  readonly #strangers = new Map<string, Registration>();

  constructor(mesh: Mesh, core: BusCore, codec: ValueCodec | undefined) {
    this.#mesh = mesh;
    this.#core = core;
    this.#codec = codec;
  }

  /** The type of a frame that `from` has written. */
  typeOf(from: number, word: number): string {
    const { cells, layout } = this.#mesh;
    if ((cells.get(word + FRAME_FLAGS) & FLAG_TYPE) !== 0) return readExtras(cells, word).type!;
    return readTopic(cells, layout, from, cells.get(word + FRAME_TOPIC));
  }

  /** A copy of the event of a frame; nothing if its data cannot be read, which is told. */
  read(from: number, word: number): BusEvent | undefined {
    const type = this.typeOf(from, word);
    try {
      return readEvent(this.#mesh.cells, word, type, this.#codec);
    } catch (error) {
      const { registrations } = this.#core.registry.current(type);
      const [subscription = this.#strangerOf(type)] = registrations;
      const context = { event: this.#readName(word, type), subscription };
      this.#core.reportFailure(error, context, `Reading an event of type '${type}'`, {
        printed: false,
      });
      return undefined;
    }
  }

  /** The same where the event is to be named: without data, if these cannot be read. */
  name(from: number, word: number): BusEvent {
    return this.read(from, word) ?? this.#readName(word, this.typeOf(from, word));
  }

  /** Tells of an error that another thread has counted; `name` is that of what has failed. */
  fail(error: unknown, event: BusEvent, pattern: string, name?: string): void {
    const subscription = this.#strangerOf(pattern);
    this.#core.ledger.failed--;
    this.#core.fail(error, event, subscription, name);
  }

  /** Tells what a thread has died of outside its handlers; as another `type`, that none follows. */
  failThread(error: unknown, data: number, type = "beat.thread"): void {
    this.fail(error, { type, data }, type, `Thread ${data}`);
  }

  /** Tells that a batch has failed, which another thread has counted. */
  failBatch(error: unknown, events: BusEvent[], pattern: string | null, stage?: number): void {
    const stranger = this.#strangerOf(pattern ?? `stage ${stage}`);
    const context: FlowErrorContext = { events };
    if (stage !== undefined) context.stage = stage;
    if (pattern !== null) context.subscription = stranger;
    this.#core.ledger.failed--;
    this.#core.reportFailure(error, context, "A batch in a thread", stranger);
  }

  #readName(word: number, type: string): BusEvent {
    return readEvent(this.#mesh.cells, word, type, WITHOUT_DATA);
  }

  /** What stands for the subscriptions of a pattern. */
  #strangerOf(pattern: string): Registration {
    let stranger = this.#strangers.get(pattern);
    if (stranger === undefined) {
      if (this.#strangers.size === MAX_STRANGERS) this.#strangers.clear();
      stranger = new Registration({ remove: () => false }, pattern, -1, () => {});
      this.#strangers.set(pattern, stranger);
    }
    return stranger;
  }
}
