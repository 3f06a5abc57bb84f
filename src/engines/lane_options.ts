import { UnsupportedError } from "../core/errors.ts";
import {
  BOOLEAN,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integerWithin,
} from "../options/options.ts";
import { RINGS_LIMIT } from "../ring/layout.ts";
import { CODEC_RULE, RING_CAPACITY } from "./thread_options.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Rules } from "../options/options.ts";

/** Options of {@linkcode share}. */
export interface ShareOptions {
  /**
   * How many producers may be attached at a time: each has a lane of its own.
   *
   * @default {8}
   */
  producers?: number;
  /**
   * Bytes of each lane, a power of two. An event takes at most a quarter of it. A bus with threads
   * has rings that take what comes out of a lane: then at most its own `capacity`.
   *
   * @default {262144, or the `capacity` of a bus with threads if that is less}
   */
  capacity?: number;
  /**
   * What an emit of a producer does that finds its lane full. `"block"` waits for `blockTimeout`,
   * then it throws a {@linkcode QueueFullError}, as `"error"` does at once. `"drop-newest"` drops
   * the event, counts it and tells the `onDrop` of the producer.
   *
   * @default {"block"}
   */
  overflow?: "block" | "error" | "drop-newest";
  /**
   * How long an emit waits for room, in milliseconds.
   *
   * @default {1000}
   */
  blockTimeout?: number;
  /**
   * How data becomes bytes and data again. Producers need the same: see {@linkcode attach}.
   *
   * @default {bytes as they are, text as UTF-8, all else as JSON}
   */
  valueCodec?: ValueCodec;
  /**
   * Whether data of bytes are views that share a buffer with those of other events, as small
   * `Buffer`s of Node.js do; the codec gets such, too. That pays on Deno, and on Node for data of
   * more than 64 B: an array for each event takes most of the time there. They stay as they are for
   * as long as somebody keeps them, and keep up to 8 KiB of others with them. Whoever transfers
   * `event.data.buffer` takes the data of others along: transfer a copy, which `event.data.slice()`
   * makes. Data of more than 4 KiB have a buffer of their own in any case.
   *
   * @default {false}
   */
  pooled?: boolean;
}

/** Options of {@linkcode attach}. */
export interface AttachOptions {
  /** The same as `share` was given. */
  valueCodec?: ValueCodec;
  /** Receives a report of each event that the full lane has no room for. */
  onDrop?: (report: DropReport) => void;
}

/** How producers treat a full lane. */
export type LaneSettings = Required<Pick<ShareOptions, "overflow" | "blockTimeout">>;

const ACTION = "share the bus";

/** Bytes of a lane. */
const CAPACITY = 262_144;

const RULES: Rules = {
  producers: integerWithin(1, 1024),
  capacity: RING_CAPACITY,
  overflow: choice("block", "error", "drop-newest"),
  blockTimeout: DURATION,
  valueCodec: CODEC_RULE,
  pooled: BOOLEAN,
};

/** The rules of the options of `attach`. */
export const ATTACH_RULES: Rules = { valueCodec: CODEC_RULE, onDrop: FUNCTION };

/** Checks the options of `share` and fills them up; `limit` is what the rings of the bus have. */
export function completeShareOptions(
  options: ShareOptions,
  limit = Infinity,
): LaneSettings & Required<Pick<ShareOptions, "producers" | "capacity">> {
  if ((options as { overflow?: string }).overflow === "drop-oldest") {
    throw new UnsupportedError(
      `${ACTION} with 'overflow' "drop-oldest"`,
      "the oldest event of a lane belongs to the thread of the bus",
    );
  }
  checkOptions(ACTION, options, RULES);
  const { producers = 8, overflow = "block", blockTimeout = 1_000 } = options;
  const { capacity = Math.min(CAPACITY, limit) } = options;
  if (capacity > limit) {
    throw new RangeError(
      `Cannot ${ACTION} as 'capacity' must be at most that of the bus, ${limit} bytes, whose ` +
        `rings take what comes out of a lane: current value is ${capacity}`,
    );
  }
  if (producers * capacity > RINGS_LIMIT) {
    throw new RangeError(
      `Cannot ${ACTION} as 'capacity' must leave all lanes within ${RINGS_LIMIT} bytes: ` +
        `with ${producers} producers they take ${producers * capacity}`,
    );
  }
  return { producers, capacity, overflow, blockTimeout };
}
