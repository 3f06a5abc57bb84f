/**
 * Where everything stands in the memory that the threads of one bus share.
 *
 * ```
 * header │ node 0 … node N │ topics 0 … topics N │ ring 0→1, 0→2, … N→N
 * ```
 *
 * Node 0 is the thread that made the bus, nodes 1 to N are the threads that it has started. There
 * is a ring for each ordered pair, and one from each started thread to itself: what a thread emits
 * to itself then outlives its death like everything else.
 *
 * @module
 */

/** First word of the memory: a thread of another version of this layout must not touch it. */
export const VERSION = 0x6265_6102;

/** Words of the header, by what they hold. */
export const HEADER_VERSION = 0;
export const HEADER_THREADS = 1;
export const HEADER_CAPACITY = 2;
/** One of the states below; written by node 0. */
export const HEADER_STATE = 16;
/** Odd while a `flush` wants batches to leave at once; written by node 0. */
export const HEADER_FLUSH = 17;

/** How far the bus has gone. */
export const STATE_OPEN = 0;
export const STATE_DRAINING = 1;
export const STATE_CLOSED = 2;

// Words of a node. Those that different threads write stand 128 bytes apart, as processors fetch
// pairs of cache lines.

/** 1 while the thread sleeps or is about to; whoever sets it to 0 wakes it. */
export const NODE_PARK = 0;
/** 1 while the thread waits for room in a ring of its own; written by the thread. */
export const NODE_WANTS_ROOM = 32;
/** 1 while the thread wants to know when others have finished; written by the thread. */
export const NODE_WATCH = 33;
/** Which stop the thread has answered: nothing of it touches the memory any more. */
export const NODE_ANSWER = 34;
/** 1 once the thread takes nothing new from outside its handlers. */
export const NODE_SEALED = 35;
/** Counts up while the thread lives. */
export const NODE_HEARTBEAT = 36;
/** Counters of what no ring can tell. */
export const NODE_FAILED = 37;
export const NODE_UNWANTED = 38;
export const NODE_DROPPED = 39;
/** How many batches are through, and the events in them. */
export const NODE_BATCHES = 40;
export const NODE_BATCHED = 41;
/** How often this thread, and those before it in its place, have subscribed. */
export const NODE_SUBSCRIBED = 42;
/** How many topics the node has named, and the bytes of their names. */
export const NODE_TOPICS = 43;
export const NODE_TOPIC_BYTES = 44;
/** Not 0 to ask the thread to stop; written by node 0. */
export const NODE_STOP = 64;

// Words of a ring, before its data.

/** Position behind the last frame that the reader may read; written by the writer. */
export const RING_PUBLISHED = 0;
/** Position behind the last complete frame, published or not; written by the writer. */
export const RING_WRITTEN = 1;
/** How many events have been written; written by the writer. */
export const RING_EVENTS = 2;
/** Position of the oldest frame that is not done; written by the reader. */
export const RING_HEAD = 32;
/** Number of the writer's subscription that the reader has noted last; written by the reader. */
export const RING_HEARD = 33;
/** How many events are done; written by the reader. */
export const RING_HANDLED = 34;

const HEADER_WORDS = 64;
const NODE_WORDS = 96;
const RING_WORDS = 64;

/** Topics that a node can name, and bytes for their names. */
export const TOPIC_LIMIT = 1024;
export const TOPIC_TEXT = 65_536;

const TOPIC_WORDS = TOPIC_LIMIT * 2 + TOPIC_TEXT / 4;

/** Most bytes that all rings of a bus may take. */
export const RINGS_LIMIT = 256 * 2 ** 20;

/** Where a ring stands: indices of words, and what it holds in bytes. */
export interface RingPlace {
  /** First of the words of `RING_…`. */
  readonly words: number;
  /** First byte of the data. */
  readonly data: number;
  /** Bytes of data, a power of two. */
  readonly capacity: number;
}

/** The places in the memory of a bus with that many threads and rings of that size. */
export class Layout {
  readonly threads: number;
  readonly capacity: number;

  constructor(threads: number, capacity: number) {
    this.threads = threads;
    this.capacity = capacity;
  }

  /** First of the words of `NODE_…`. */
  node(node: number): number {
    return HEADER_WORDS + node * NODE_WORDS;
  }

  /** First of the words of a node's topics. */
  topics(node: number): number {
    return this.node(this.threads + 1) + node * TOPIC_WORDS;
  }

  /** The ring from one node to another; node 0 has none to itself. */
  ring(from: number, to: number): RingPlace {
    const { capacity, threads } = this;
    const index = from * (threads + 1) + to - 1;
    const words = this.topics(threads + 1) + index * (RING_WORDS + capacity / 4);
    return { words, data: (words + RING_WORDS) * 4, capacity };
  }

  /** Bytes of the whole. */
  get bytes(): number {
    return this.ring(this.threads + 1, 0).words * 4;
  }
}
