import { DATA_BYTES, DATA_CODEC, FLAG_DATA_SHIFT, FRAME_FLAGS } from "./frame.ts";
import { createEvent, dataOf, readEvent } from "./frame_event.ts";
import type { BusEvent } from "../core/event.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Cells } from "../runtime/shared_cells.ts";
import type { RingPlace } from "./layout.ts";
import type { RingReader } from "./ring_reader.ts";

/** Bytes of a ring that are copied at a time: as many as Node.js takes for its small buffers. */
const STRETCH = 8_192;

/** Data of more bytes get an array of their own: there is little to share. */
const LARGE = STRETCH / 2;

const NOTHING = new ArrayBuffer(0);

/**
 * Reads the events of a ring with their bytes as views into copies of whole stretches of it. An
 * array of its own takes 190 ns on Deno, a view 30, and there is less garbage. No thread writes to a
 * copy, so what a handler keeps of it stays as it is.
 */
export class DataPool {
  readonly #cells: Cells;
  readonly #codec: ValueCodec | undefined;
  #copy = NOTHING;
  /** The byte of the memory that the copy begins with. */
  #start = 0;

  constructor(cells: Cells, codec: ValueCodec | undefined) {
    this.#cells = cells;
    this.#codec = codec;
  }

  /** Copies anew from here on: what is in the memory may be something else than before. */
  renew(): void {
    this.#copy = NOTHING;
    this.#start = 0;
  }

  /** The event of the frame that a reader has found and not taken. */
  read(reader: RingReader, place: RingPlace, word: number, type: string): BusEvent {
    const cells = this.#cells;
    const codec = this.#codec;
    const kind = cells.get(word + FRAME_FLAGS) >> FLAG_DATA_SHIFT & 3;
    const isOfBytes = kind === DATA_BYTES || (kind === DATA_CODEC && codec !== undefined);
    const [at, length] = dataOf(cells, word);
    if (!isOfBytes || length > LARGE) return readEvent(cells, word, type, codec);
    if (at < this.#start || at + length > this.#start + this.#copy.byteLength) {
      const ahead = (reader.end - reader.next) | 0;
      const end = Math.min((word << 2) + ahead, place.data + place.capacity, at + STRETCH);
      this.#copy = cells.bytes.slice(at, end).buffer as ArrayBuffer;
      this.#start = at;
    }
    const bytes = new Uint8Array(this.#copy, at - this.#start, length);
    return createEvent(cells, word, kind === DATA_BYTES ? bytes : codec!.decode(bytes), type);
  }
}
