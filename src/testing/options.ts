import {
  BOOLEAN,
  check,
  checkOptions,
  DURATION,
  FUNCTION,
  OBJECT,
  type Rule,
  type Rules,
} from "../options/options.ts";
import type { Traits, Transport } from "../transport/port.ts";

/**
 * Registers tests, as `Deno.test`, `test` of `node:test`, of `bun:test` and of Vitest, and `it` of
 * `@std/testing/bdd` do.
 */
export interface TestRegistrar {
  /** Registers a test. */
  (name: string, run: () => Promise<void>): unknown;
  /** Registers a test that is not run. One of `skip` and `ignore` must be there. */
  skip?(name: string, run: () => Promise<void>): unknown;
  /** Registers a test that is not run. */
  ignore?(name: string, run: () => Promise<void>): unknown;
}

/** What a name for a topic may be made of. */
export interface TopicContext {
  /** The name of the test. */
  readonly test: string;
  /** A name that no other topic has: letters, digits and hyphens. */
  readonly name: string;
}

/** What {@linkcode conformance} takes. */
export interface ConformanceOptions {
  /** Registers the tests. */
  test: TestRegistrar;
  /**
   * Makes a connection of its own to the same broker at each call; several are open at once. The suite
   * closes it.
   */
  connect: () => Transport | Promise<Transport>;
  /**
   * Stops the broker as a crash would, waits for `whileDown` if it is given, and starts it with what it
   * had stored. Must be given unless `inProcess` is set. Over HTTP it is the receiver that goes.
   */
  restartBroker?: (whileDown?: () => Promise<void>) => Promise<void>;
  /** Whether the broker lives in this process, where nothing can be restarted. @default {false} */
  inProcess?: boolean;
  /**
   * Swallows what goes over the connections in both directions without ending them; what it resolves
   * with lets it through again. @default {none: half-open connections are not tested}
   */
  freezeNetwork?: () => Promise<() => Promise<void>>;
  /** What the transport can do. @default {what a connection says, made before the tests are registered} */
  traits?: Traits;
  /** Names the topic of a test, and makes it where brokers want that. @default {`name` of the context} */
  topic?: (context: TopicContext) => string | Promise<string>;
  /** Bytes of the largest payload that the broker takes. @default {Infinity} */
  maxPayload?: number;
  /** Whether to publish little, for slow machines. @default {false} */
  short?: boolean;
  /** Milliseconds within which what must happen has to; a lease comes on top. @default {15_000} */
  deadline?: number;
  /** Milliseconds within which what must not come would have come. @default {100} */
  quiet?: number;
}

/** Options that were checked, with their defaults. */
export interface Terms extends Required<Omit<ConformanceOptions, Unset>> {
  readonly restartBroker: ConformanceOptions["restartBroker"];
  readonly freezeNetwork: ConformanceOptions["freezeNetwork"];
}

type Unset = "test" | "restartBroker" | "inProcess" | "freezeNetwork";

const ACTION = "register the conformance suite";

const REGISTRAR: Rule = [
  "a function with a function 'skip' or 'ignore'",
  "function",
  (value: TestRegistrar) => (value.skip ?? value.ignore) !== undefined,
];

const RULES: Rules = {
  test: REGISTRAR,
  connect: FUNCTION,
  restartBroker: FUNCTION,
  inProcess: BOOLEAN,
  freezeNetwork: FUNCTION,
  traits: OBJECT,
  topic: FUNCTION,
  maxPayload: ["at least 1 byte", "number", (value: number) => value >= 1],
  short: BOOLEAN,
  deadline: DURATION,
  quiet: DURATION,
};

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function checkConformanceOptions(options: ConformanceOptions): void {
  checkOptions(ACTION, options, RULES);
  check(ACTION, "test", options.test, REGISTRAR);
  check(ACTION, "connect", options.connect, FUNCTION);
  const { inProcess = false, restartBroker } = options;
  if (inProcess === (restartBroker === undefined)) return;
  throw new TypeError(
    inProcess
      ? `Cannot ${ACTION} as 'restartBroker' must be left out with 'inProcess'`
      : `Cannot ${ACTION} as 'restartBroker' must be given, or 'inProcess: true' where the broker lives in this process`,
  );
}

/** Puts defaults where an option was left out. */
export function resolveTerms(options: ConformanceOptions, traits: Traits): Terms {
  const { maxPayload = Infinity, short = false, deadline = 15_000, quiet = 100 } = options;
  const { connect, restartBroker, freezeNetwork, topic = ({ name }) => name } = options;
  return {
    connect,
    traits,
    topic,
    maxPayload,
    short,
    deadline: deadline + traits.lease,
    quiet,
    restartBroker,
    freezeNetwork,
  };
}
