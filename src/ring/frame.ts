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
export const FRAME = { MARK: 0, SIZE: 1, FLAGS: 2, TOPIC: 3, LENGTH: 4, ORDER: 5 } as const;

/** Bytes before the data. */
export const FRAME_HEADER = 24;

/** What the reader has done with a frame. */
export const MARK = { READY: 0, STARTED: 1, DONE: 2 } as const;

/** Lowest bit of the size: nothing but a gap before the end of the ring. */
export const PADDING = 1;

/** What the flags say. */
export const FLAG = {
  /** Two bits: an event, a failure of a handler, or a note between the threads themselves. */
  KIND: 0b11,
  EVENT: 0,
  FAILURE: 1,
  NOTE: 2,
  /** Two bits from here: how the data is encoded; see {@linkcode DATA}. */
  DATA_SHIFT: 2,
  /** Only for handlers that every thread calls. */
  EACH: 1 << 4,
  /** The type stands as text in the frame. */
  TYPE: 1 << 5,
  KEY: 1 << 6,
  ID: 1 << 7,
  SOURCE: 1 << 8,
  METADATA: 1 << 9,
  TIMESTAMP: 1 << 10,
  REPORT: 1 << 11,
  /** From here: how many threads have died of it. */
  CRASHES_SHIFT: 16,
} as const;

/** How data is encoded. */
export const DATA = { NONE: 0, BYTES: 1, TEXT: 2, CODEC: 3 } as const;

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
