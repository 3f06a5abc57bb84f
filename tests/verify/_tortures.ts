import type { RuntimeName } from "../../scripts/_runtimes.ts";

/** One torture: what it is called, and the arguments of `torture.ts`. */
export type Torture = readonly [name: string, ...args: string[]];

/** How much there is to do. */
export interface Effort {
  seed: number;
  /** Whether it may take a quarter of an hour. */
  isLong: boolean;
}

/**
 * How often a thread that has died is replaced in the long form, by what a start takes: on one runtime
 * as often as the contract says, on each for some minutes.
 */
const LONG_REPLACED: Partial<Record<RuntimeName, { poison: number; rounds: number }>> = {
  deno: { poison: 3_000, rounds: 250 },
  bun: { poison: 10_000, rounds: 500 },
  node24: { poison: 1_000, rounds: 100 },
};

/** The tortures of a runtime. */
export function torturesOf(runtime: RuntimeName, { seed, isLong }: Effort): Torture[] {
  const often = (short: number, long: number) => String(isLong ? long : short);
  const { poison, rounds } = LONG_REPLACED[runtime]!;
  const jobs = often(60_000, 1_000_000);
  // Deno cannot end a thread for certain, so its threads end themselves only.
  const kills = runtime === "deno" ? "0" : often(20, 200);
  const tortures: Torture[] = [
    ["torture", "torture", `${seed}`, jobs, "0", "0"],
    ["flood", "flood", often(1_000_000, 100_000_000)],
    ["deaths", "torture", `${seed}`, often(8_000, 40_000), "200", "0"],
    ["writers", "writers", `${seed}`, often(40, 200), kills],
    ["lanes", "lanes", `${seed}`, often(8, rounds), "500", kills === "0" ? "0" : "1"],
    ["poison", "poison", often(50, poison)],
    // A thread of Node starts three times as slowly, as it takes the types out of each module.
    ["lives", "lives", often(runtime === "node24" ? 100 : 300, 1_000)],
    ["rest", "rest", often(2_000, 20_000)],
    ["idle", "ping", often(1_000, 100_000)],
    ["answers", "answers", often(2_000, 200_000)],
    ["types", "types", often(130_000, 10_000_000)],
  ];
  if (kills !== "0") tortures.push(["kills", "torture", `${seed}`, jobs, "0", kills]);
  return tortures;
}
