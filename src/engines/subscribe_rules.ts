import { BOOLEAN } from "../options/options.ts";
import type { Rules } from "../options/options.ts";

/** Options of `on` that only a bus with threads takes. */
export const THREAD_SUBSCRIBE_RULES: Rules = { each: BOOLEAN, zeroCopy: BOOLEAN };
