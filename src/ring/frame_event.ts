import {
  DATA_BYTES,
  DATA_CODEC,
  DATA_NONE,
  DATA_TEXT,
  FLAG_DATA_SHIFT,
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
  FRAME_SIZE,
  FrameError,
  PADDING,
  padToWord,
} from "./frame.ts";
import { readText } from "./text.ts";
import type { BusEvent } from "../core/event.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** What stands in a frame beside its data. */
export interface Extras {
  type?: string;
  key?: string;
  id?: string;
  source?: string;
  metadata?: Record<string, string>;
  report?: string;
  timestamp?: number;
}

const FIELDS = [
  [FLAG_TYPE, "type"],
  [FLAG_KEY, "key"],
  [FLAG_ID, "id"],
  [FLAG_SOURCE, "source"],
  [FLAG_METADATA, "metadata"],
  [FLAG_REPORT, "report"],
] as const;

/** The flags of all that stands beside the data. */
const EXTRAS = FLAG_TYPE | FLAG_KEY | FLAG_ID | FLAG_SOURCE | FLAG_METADATA | FLAG_REPORT |
  FLAG_TIMESTAMP;

const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);

/** Where the frame ends, in words. */
function endOf(cells: Cells, word: number): number {
  return word + ((cells.get(word + FRAME_SIZE) & ~PADDING) >> 2);
}

/** First byte of the data, and how many there are. */
export function dataOf(cells: Cells, word: number): readonly [at: number, length: number] {
  const length = cells.get(word + FRAME_LENGTH);
  const at = (word << 2) + FRAME_HEADER;
  if (length < 0 || at + length > endOf(cells, word) << 2) {
    throw new FrameError(`${length} bytes of data do not fit into it`);
  }
  return [at, length];
}

/**
 * What a frame says beside its data.
 *
 * @throws {FrameError} If that does not fit into it.
 */
export function readExtras(cells: Cells, word: number): Extras {
  const flags = cells.get(word + FRAME_FLAGS);
  const end = endOf(cells, word);
  const [at, length] = dataOf(cells, word);
  let next = (at + padToWord(length)) >> 2;
  const extras: Extras = {};
  for (const [flag, name] of FIELDS) {
    if ((flags & flag) === 0) continue;
    const bytes = next < end ? cells.get(next) : -1;
    if (bytes < 0 || bytes > (end - next - 1) * 4) {
      throw new FrameError(`its ${name} does not fit into it`);
    }
    const text = readText(cells, (next + 1) << 2, bytes);
    if (name === "metadata") extras.metadata = parse(text);
    else extras[name] = text;
    next += 1 + (padToWord(bytes) >> 2);
  }
  if ((flags & FLAG_TIMESTAMP) !== 0) {
    if (next + 2 > end) throw new FrameError("its timestamp does not fit into it");
    floatWords[0] = cells.get(next);
    floatWords[1] = cells.get(next + 1);
    extras.timestamp = float[0];
  }
  return extras;
}

/** The data of a frame, as a value of its own. */
export function readData(cells: Cells, word: number, codec?: ValueCodec): unknown {
  const kind = cells.get(word + FRAME_FLAGS) >> FLAG_DATA_SHIFT & 3;
  if (kind === DATA_NONE) return undefined;
  const [at, length] = dataOf(cells, word);
  if (kind === DATA_TEXT) return readText(cells, at, length);
  if (kind === DATA_CODEC && codec === undefined) return parse(readText(cells, at, length));
  const bytes = cells.bytes.slice(at, at + length);
  return kind === DATA_BYTES ? bytes : codec!.decode(bytes);
}

// deno-lint-ignore no-explicit-any
function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new FrameError("it holds no JSON where it should"), { cause });
  }
}

/** What is known of the data of an event: nothing, what they are, or why there are none. */
const UNREAD = 0;
const READ = 1;
const FAILED = 2;

/** An event in a ring: what nobody touches is never built. */
export class FrameEvent implements BusEvent {
  readonly type: string;
  #cells: Cells | undefined;
  readonly #word: number;
  readonly #codec: ValueCodec | undefined;
  #extras: Extras | undefined;
  /** The data, or what their codec has thrown. */
  #data: unknown;
  #state: number = UNREAD;

  constructor(type: string, cells: Cells, word: number, codec: ValueCodec | undefined) {
    this.type = type;
    this.#cells = cells;
    this.#word = word;
    this.#codec = codec;
  }

  /** The payload, built when it is first touched; what its codec throws, all get who touch it. */
  get data(): unknown {
    if (this.#state === UNREAD) this.#read(this.#frame("data"));
    if (this.#state === FAILED) throw this.#data;
    return this.#data;
  }

  set data(value: unknown) {
    this.#data = value;
    this.#state = READ;
  }

  get key(): string {
    return this.#rest("key").key!;
  }

  get id(): string {
    return this.#rest("id").id!;
  }

  get source(): string {
    return this.#rest("source").source!;
  }

  get metadata(): Record<string, string> {
    return this.#rest("metadata").metadata!;
  }

  get timestamp(): number {
    return this.#rest("timestamp").timestamp!;
  }

  /**
   * Builds everything, as the frame may be gone when it is next asked for.
   *
   * @throws What the codec throws, if nobody has got that yet.
   */
  keep(): void {
    if (this.#cells === undefined) return;
    try {
      this.#rest("data");
      if (this.#state === UNREAD) void this.data;
    } finally {
      this.#cells = undefined;
    }
  }

  /** Lets go of the frame: what was not touched cannot be had any more. */
  expire(): void {
    this.#cells = undefined;
  }

  #read(cells: Cells): void {
    try {
      this.data = readData(cells, this.#word, this.#codec);
    } catch (error) {
      this.#data = error;
      this.#state = FAILED;
    }
  }

  #rest(name: string): Extras {
    return this.#extras ??= readExtras(this.#frame(name), this.#word);
  }

  #frame(name: string): Cells {
    if (this.#cells !== undefined) return this.#cells;
    throw new TypeError(
      `Cannot read '${name}' of event '${this.type}' as its handler has returned: read it before`,
    );
  }
}

/** A plain object with all that a frame says. */
export function readEvent(
  cells: Cells,
  word: number,
  type: string,
  codec?: ValueCodec,
): BusEvent {
  return createEvent(cells, word, readData(cells, word, codec), type);
}

/** The same with data that was read before. */
export function createEvent(cells: Cells, word: number, data: unknown, type: string): BusEvent {
  // Most events have nothing beside their data.
  if ((cells.get(word + FRAME_FLAGS) & EXTRAS) === 0) return { type, data };
  const { type: _type, report: _report, ...extras } = readExtras(cells, word);
  return { type, data, ...extras };
}
