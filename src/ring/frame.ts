/**
 * A frame: what a ring carries, one event or one note from thread to thread.
 *
 * ```
 * word  0  mark: ready, started or done; the only word that the reader writes
 *       1  size in bytes, a multiple of 8; the lowest bit says padding
 *       2  flags: what it is, what it carries, how often it has crashed a thread
 *       3  number of the topic, or bytes of the type's text
 *       4  bytes of the data
 *       5  how many events the writer had written before
 *       6  the data, then the texts that the flags name: their bytes, then as many
 * ```
 *
 * @module
 */

/** Words of a frame before its data. */
export const FRAME_MARK = 0;
export const FRAME_SIZE = 1;
export const FRAME_FLAGS = 2;
export const FRAME_TOPIC = 3;
export const FRAME_LENGTH = 4;
export const FRAME_ORDER = 5;

/** Bytes before the data. */
export const FRAME_HEADER = 24;

/** What the reader has done with a frame. */
export const MARK_READY = 0;
export const MARK_STARTED = 1;
export const MARK_DONE = 2;

/** Lowest bit of the size: nothing but a gap before the end of the ring. */
export const PADDING = 1;

// What the flags say.

/** Two bits: an event, a failure of a handler, or a note between the threads themselves. */
export const FLAG_KIND = 0b11;
export const FLAG_EVENT = 0;
export const FLAG_FAILURE = 1;
export const FLAG_NOTE = 2;
/** Two bits from here: how the data is encoded; see `DATA_…`. */
export const FLAG_DATA_SHIFT = 2;
/** Only for handlers that every thread calls. */
export const FLAG_EACH = 1 << 4;
/** The type stands as text in the frame. */
export const FLAG_TYPE = 1 << 5;
export const FLAG_KEY = 1 << 6;
export const FLAG_ID = 1 << 7;
export const FLAG_SOURCE = 1 << 8;
export const FLAG_METADATA = 1 << 9;
export const FLAG_TIMESTAMP = 1 << 10;
export const FLAG_REPORT = 1 << 11;
/** From here: how many threads have died of it. */
export const FLAG_CRASHES_SHIFT = 16;

/** How data is encoded. */
export const DATA_NONE = 0;
export const DATA_BYTES = 1;
export const DATA_TEXT = 2;
export const DATA_CODEC = 3;

/** A frame that no writer of this version has made. */
export class FrameError extends Error {
  /** Creates the error from what is wrong. */
  constructor(reason: string) {
    super(`Cannot read a frame as ${reason}`);
    this.name = "FrameError";
  }
}

/** The next multiple of 4, for what stands in words. */
export function padToWord(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** The next multiple of 8, for frames: the gap at the end of a ring then has room for two words. */
export function padFrame(bytes: number): number {
  return (bytes + 7) & ~7;
}
