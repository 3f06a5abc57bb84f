import type { Bench } from "./_broken.ts";

/** A way to be wrong, and what the suite says of it. */
export interface Defect {
  /** What is wrong. */
  readonly defect: string;
  /** Makes a broker that has the defect. */
  readonly make: () => Bench;
  /** What the failure says. */
  readonly says: RegExp;
  /** Whether it shows only in that something does not happen. @default {false} */
  readonly waits?: boolean;
}

/** By the name of the test that must fail. */
export type Defects = Record<string, readonly Defect[]>;
