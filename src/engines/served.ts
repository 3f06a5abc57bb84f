import { print } from "../options/print.ts";
import type { ValueCodec } from "../core/value_codec.ts";

/** Which of the threads this is. */
export interface ThreadInfo {
  /** From 0 up; a thread that is started again keeps it. */
  readonly index: number;
  /** How many there are. */
  readonly threads: number;
}

/** What a module has given to `serve`. */
export interface Served {
  callback: (bus: never, info: ThreadInfo) => unknown;
  valueCodec: ValueCodec | undefined;
}

/**
 * The modules that have called `serve` in a thread that nobody has started: where there are no
 * threads at all, the bus runs them itself.
 */
export const served: Served[] = [];

/** Calls what a module has given for its end, if anything. What it throws is printed. */
export async function endModule(cleanUp: unknown): Promise<void> {
  try {
    if (typeof cleanUp === "function") await cleanUp();
  } catch (error) {
    print("The end of the module failed:", error);
  }
}
