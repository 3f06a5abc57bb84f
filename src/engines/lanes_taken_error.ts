/**
 * `attach` has found no free lane. A lane that was given back is free once the bus has read what it
 * holds: where `leaving` is not 0, an `attach` a moment later may succeed.
 *
 * @example Telling what is taken from what is about to be free
 * ```ts
 * import { forFlow } from "@beat/beat";
 * import { attach, LanesTakenError, share } from "@beat/beat/lanes";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bus = forFlow();
 * const handle = share(bus, { producers: 1 });
 * attach(handle).close();
 * const error = assertThrows(() => attach(handle), LanesTakenError);
 * assertEquals([error.lanes, error.leaving], [1, 1]);
 * await bus.close();
 * ```
 */
export class LanesTakenError extends RangeError {
  /** How many lanes there are. */
  readonly lanes: number;
  /** How many of them were given back, and hold what the bus has not read yet. */
  readonly leaving: number;

  /** Creates the error from what was attempted, the lanes, and those that are given back. */
  constructor(attempt: string, lanes: number, leaving: number) {
    const advice = leaving > 0
      ? `${leaving} of them are given back and not read to their end: try again soon`
      : "close a producer, or raise 'producers'";
    super(`Cannot ${attempt} as all ${lanes} lanes are taken: ${advice}`);
    this.name = "LanesTakenError";
    this.lanes = lanes;
    this.leaving = leaving;
  }
}
