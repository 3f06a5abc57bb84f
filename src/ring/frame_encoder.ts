import { refuse, show } from "../options/refusal.ts";
import { copyBytes, Scratch } from "./text.ts";
import {
  DATA_BYTES,
  DATA_CODEC,
  DATA_TEXT,
  FLAG_DATA_SHIFT,
  FLAG_EVENT,
  FLAG_ID,
  FLAG_KEY,
  FLAG_METADATA,
  FLAG_REPORT,
  FLAG_SOURCE,
  FLAG_TIMESTAMP,
  FLAG_TYPE,
  FRAME_FLAGS,
  FRAME_HEADER,
  FRAME_LENGTH,
  FRAME_TOPIC,
  padFrame,
  padToWord,
} from "./frame.ts";
import type { BusEvent } from "../core/event.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Cells } from "../runtime/shared_cells.ts";

const NO_BYTES = new Uint8Array();
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);

/** Puts events into the form of frames: first all that can fail, then the copying. */
export class FrameEncoder {
  readonly #codec: ValueCodec | undefined;
  readonly #scratch = new Scratch();
  #bytes: Uint8Array = NO_BYTES;
  /** Bytes of the data; they stand in `#bytes`, or first in the scratch. */
  #length = 0;
  #flags = 0;
  /** Bytes of the frame. */
  size = 0;
  /** The key of the event. */
  key: string | undefined = undefined;
  /** Whether code of the user runs, which must not make this encode something else. */
  isBusy = false;

  constructor(codec?: ValueCodec) {
    this.#codec = codec;
  }

  /**
   * Encodes an event, with its type if it has no topic.
   *
   * @throws {TypeError} If something of it cannot be carried.
   */
  encode(event: BusEvent, hasTopic: boolean, kind: number = FLAG_EVENT, report?: string): void {
    // First, as these may be getters of the user.
    const { data, key, id, source, metadata, timestamp } = event;
    const scratch = this.#scratch;
    scratch.length = 0;
    this.#flags = kind;
    this.key = key;
    this.#encodeData(data, event.type);
    let flags = this.#flags;
    if (
      key !== undefined || id !== undefined || source !== undefined || metadata !== undefined ||
      timestamp !== undefined || report !== undefined || !hasTopic
    ) {
      scratch.align();
      const inBytes = this.#bytes === NO_BYTES ? 0 : padToWord(this.#length);
      if (!hasTopic) flags |= this.#putText("type", event.type, FLAG_TYPE);
      flags |= this.#putText("key", key, FLAG_KEY);
      flags |= this.#putText("id", id, FLAG_ID);
      flags |= this.#putText("source", source, FLAG_SOURCE);
      if (metadata !== undefined) {
        const text = this.#ask(
          event.type,
          () => JSON.stringify(metadata),
          "its metadata cannot be written as JSON",
        );
        flags |= this.#putText("metadata", text, FLAG_METADATA);
      }
      if (report !== undefined) flags |= this.#putText("report", report, FLAG_REPORT);
      if (timestamp !== undefined) {
        if (typeof timestamp !== "number") refuse("emit", "timestamp", "a number", timestamp);
        float[0] = timestamp;
        scratch.putWord(floatWords[0]);
        scratch.putWord(floatWords[1]);
        flags |= FLAG_TIMESTAMP;
      }
      this.size = padFrame(FRAME_HEADER + inBytes + scratch.length);
    } else this.size = padFrame(FRAME_HEADER + this.#length);
    this.#flags = flags;
  }

  /** Writes what was encoded, but for the words that the ring's writer has written. */
  write(cells: Cells, at: number, topic: number, flags: number): void {
    const word = at >> 2;
    const length = this.#length;
    const scratch = this.#scratch;
    cells.set(word + FRAME_FLAGS, this.#flags | flags);
    cells.set(word + FRAME_TOPIC, topic);
    cells.set(word + FRAME_LENGTH, length);
    let start = at + FRAME_HEADER;
    if (this.#bytes !== NO_BYTES) {
      copyBytes(cells, start, this.#bytes, length);
      start += padToWord(length);
    }
    if (scratch.length > 0) copyBytes(cells, start, scratch.bytes, scratch.length);
  }

  /** Writes what was encoded around data that stands in the frame already. */
  writeAfter(cells: Cells, at: number, topic: number, flags: number, length: number): void {
    const word = at >> 2;
    const scratch = this.#scratch;
    cells.set(word + FRAME_FLAGS, this.#flags | flags);
    cells.set(word + FRAME_TOPIC, topic);
    cells.set(word + FRAME_LENGTH, length);
    const start = at + FRAME_HEADER + padToWord(length);
    if (scratch.length > 0) copyBytes(cells, start, scratch.bytes, scratch.length);
  }

  /** Lets go of the data. */
  forget(): void {
    this.#bytes = NO_BYTES;
  }

  #encodeData(data: unknown, type: string): void {
    this.#bytes = NO_BYTES;
    this.#length = 0;
    if (data === undefined) return;
    let kind: number = DATA_CODEC;
    if (this.#codec !== undefined) {
      const codec = this.#codec;
      const encode = () => onlyBytes(codec.encode(data));
      this.#bytes = this.#ask(type, encode, "'valueCodec' gives no bytes");
      this.#length = this.#bytes.length;
    } else if (data instanceof Uint8Array) {
      kind = DATA_BYTES;
      this.#bytes = data;
      this.#length = data.length;
    } else if (typeof data === "string" && data.isWellFormed()) {
      kind = DATA_TEXT;
      this.#length = this.#scratch.putText(data);
    } else {
      const text = this.#ask(
        type,
        () => JSON.stringify(data),
        "its data cannot be written as JSON",
      );
      this.#length = this.#scratch.putText(text);
    }
    // What is empty has nothing to copy, and `NO_BYTES` stands for that.
    if (this.#length === 0) this.#bytes = NO_BYTES;
    this.#flags |= kind << FLAG_DATA_SHIFT;
  }

  /** Runs code of the user, a codec or a `toJSON`, which gives `undefined` for what it cannot do. */
  #ask<T>(type: string, action: () => T | undefined, failure: string): T {
    let cause: unknown;
    this.isBusy = true;
    try {
      const result = action();
      if (result !== undefined) return result;
    } catch (error) {
      cause = error;
    } finally {
      this.isBusy = false;
    }
    throw new TypeError(`Cannot emit ${show(type)} to another thread as ${failure}`, { cause });
  }

  #putText(name: string, text: string | undefined, flag: number): number {
    if (text === undefined) return 0;
    if (typeof text !== "string" || !text.isWellFormed()) {
      refuse("emit", name, "a well-formed string to reach another thread", text);
    }
    this.#scratch.putField(text);
    return flag;
  }
}

function onlyBytes(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}
