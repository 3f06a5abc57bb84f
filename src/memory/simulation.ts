import type { Logger } from "../message/logger.ts";
import { checkOptions, OBJECT, type Rule, type Rules } from "../options/options.ts";
import type { SendFailure, SendItem } from "../transport/port.ts";
import { fnv1a } from "../transport/partition.ts";
import { SimulatedError } from "./errors.ts";
import { LaneFate } from "./lane_fate.ts";
import type { MemoryLane } from "./lane.ts";
import { Random } from "./random.ts";

/**
 * How bad a day a {@linkcode MemoryBroker} shall have. Numbers from 0 to 1 are probabilities. What
 * happens is decided by the seed, for each partition and each topic apart: the same seed and the same
 * calls give the same day.
 *
 * A broker may do all of that to a consumer, so a handler must bear it. What brokers promise stays:
 * nothing that was confirmed is lost, and the order of a key is kept, but for what comes again.
 */
export interface SimulationOptions {
  /** An integer of 32 bits without sign. @default {drawn, and written to `logger`} */
  seed?: number;
  /** That a record is delivered twice in a row. @default {0} */
  duplicate?: number;
  /** That the next record of a partition keeps it waiting. @default {0} */
  delay?: number;
  /** Milliseconds that it waits at most. @default {100} */
  maxDelay?: number;
  /** That a record gets ahead of one with another key. @default {0} */
  reorder?: number;
  /**
   * That publishing a record fails: half of the failures are refusals, the others leave unknown whether
   * it is stored.
   *
   * @default {0}
   */
  failPublish?: number;
  /**
   * That a partition is lost after a record: while handlers have what was delivered, or when it is
   * settled but not committed. What is not committed comes again.
   *
   * @default {0}
   */
  crash?: number;
  /** Hears the seed if it was drawn. @default {console} */
  logger?: Logger;
}

const PROBABILITY: Rule = [
  "a probability from 0 to 1",
  "number",
  (value: number) => value >= 0 && value <= 1,
];

const RULES: Rules = {
  seed: ["an integer of 32 bits without sign", "number", (value: number) => value >>> 0 === value],
  duplicate: PROBABILITY,
  delay: PROBABILITY,
  maxDelay: [
    "a finite number of at least 0 ms",
    "number",
    (ms: number) => ms >= 0 && ms < Infinity,
  ],
  reorder: PROBABILITY,
  failPublish: PROBABILITY,
  crash: PROBABILITY,
  logger: OBJECT,
};

/** What becomes of a record that is published. */
export interface PublishFate {
  /** Whether it is stored. */
  readonly stored: boolean;
  /** What the publisher hears. */
  readonly failure: SendFailure;
}

/** The faults of one broker. */
export class Simulation {
  /** What decides all of it. */
  readonly seed: number;
  readonly #options: SimulationOptions;
  readonly #publishing = new Map<string, Random>();

  /** @throws {TypeError | RangeError} If an option is malformed. */
  constructor(action: string, options: SimulationOptions) {
    checkOptions(action, options, RULES);
    this.#options = options;
    this.seed = options.seed ?? Math.floor(Math.random() * 0x1_0000_0000);
    if (options.seed === undefined) {
      (options.logger ?? console).info(`A MemoryBroker simulates with seed ${this.seed}`);
    }
  }

  /** What becomes of the records of one call, asked for each in its order; `undefined`: it is stored. */
  publishing(topic: string): (item: SendItem) => PublishFate | undefined {
    const failed = new Map<string, unknown>();
    return ({ rec: { key } }) => {
      if (failed.has(key)) {
        return { stored: false, failure: { cause: failed.get(key), outcome: "not-attempted" } };
      }
      const fate = this.#publish(topic);
      if (fate !== undefined && key !== "") failed.set(key, fate.failure.cause);
      return fate;
    };
  }

  /** What a lane of a topic has before it. */
  laneFate(topic: string, group: string | undefined, lane: MemoryLane): LaneFate {
    const stream = fnv1a(`${topic}/${group ?? ""}/${lane.name}/${lane.generation}`);
    return new LaneFate(lane, this.#options, new Random(this.seed, stream));
  }

  /** Why a lane is lost. */
  crash(topic: string, lane: MemoryLane): SimulatedError {
    return new SimulatedError(`Partition ${lane.name} of '${topic}' is lost`, this.seed);
  }

  #publish(topic: string): PublishFate | undefined {
    let random = this.#publishing.get(topic);
    if (random === undefined) {
      random = new Random(this.seed, fnv1a(topic));
      this.#publishing.set(topic, random);
    }
    const fails = random.chance(this.#options.failPublish ?? 0);
    const kind = random.next();
    if (!fails) return undefined;
    const outcome = kind < 0.5 ? "rejected" : "unknown";
    const cause = new SimulatedError(`Publishing to '${topic}' failed`, this.seed);
    return { stored: kind >= 0.75, failure: { cause, outcome } };
  }
}
