import type { Need } from "./needs.ts";
import type { World } from "./world.ts";

/** One test of the suite. */
export interface Case {
  /** Kind and behaviour. */
  readonly name: string;
  /** What it cannot be run without. */
  readonly needs?: Need;
  /** The test. */
  run(world: World): Promise<void>;
}
