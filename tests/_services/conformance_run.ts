import type { TestRegistrar, TopicContext } from "@beat/beat/testing";

/** Tests that do little but wait for the end of a lease. */
const PATIENT = /^(close: ends in time|dedupe: a crash)/;
/**
 * Tests that want all for themselves: the server, which is killed, the clock, all handles there are, or the
 * processor, as they are about many messages or about when a lease ends.
 */
const ALONE =
  /^(reconnect|clock|leaks|backpressure):|resolves only|was killed comes|many publishers|many topics|join and leave|closes midway|has queued|had left comes/;
/** How many of the others run at once. */
const AT_ONCE = 4;

/** A test that runs beside others. */
interface Companion {
  readonly run: () => Promise<void>;
  readonly ended: PromiseWithResolvers<void>;
}

/** Tests that run together. */
interface Company {
  readonly members: Map<string, Companion>;
  /** How many of them run at once at most. */
  readonly most: number;
  hasBegun: boolean;
}

/**
 * Runs the conformance suite against a server in less time than one test after the other takes, most of
 * which nothing happens in: what waits for leases waits together, and so does what leaves the server and
 * the processor in peace. Each test is told of in its turn, and what is to run alone does.
 */
export class ConformanceRun {
  /** Registers the tests. */
  readonly test: TestRegistrar;
  readonly #patient: Company = { members: new Map(), most: Infinity, hasBegun: false };
  readonly #light: Company = { members: new Map(), most: AT_ONCE, hasBegun: false };
  #current = "";
  /** Resolves when all has ended that has begun. */
  #settled: Promise<unknown> = Promise.resolve();

  constructor(test: TestRegistrar) {
    const register = (name: string, run: () => Promise<void>) => {
      if (ALONE.test(name)) return test(name, () => this.#alone(name, run));
      const company = PATIENT.test(name) ? this.#patient : this.#light;
      const companion = { run, ended: Promise.withResolvers<void>() };
      company.members.set(name, companion);
      return test(name, () => this.#among(company, name, companion));
    };
    this.test = Object.assign(register, { skip: test.skip ?? test.ignore! });
  }

  /**
   * Names topics, and has those removed that are not needed any more: a server that is killed and started
   * again reads all that it has kept.
   */
  topics(
    remove: (topics: readonly string[]) => Promise<void>,
  ): (context: TopicContext) => Promise<string> {
    let since = "";
    let removed = Promise.resolve();
    const topics: string[] = [];
    return async ({ name }) => {
      if (this.#current !== since) {
        since = this.#current;
        removed = remove(topics.splice(0));
      }
      topics.push(name);
      await removed;
      return name;
    };
  }

  async #alone(name: string, run: () => Promise<void>): Promise<void> {
    await this.#settled;
    this.#current = name;
    await run();
  }

  async #among(company: Company, name: string, { ended }: Companion): Promise<void> {
    if (!company.hasBegun) {
      company.hasBegun = true;
      await this.#settled;
      this.#current = name;
      this.#settled = runAll(company);
    }
    await ended.promise;
  }
}

/** Runs tests together; resolves when all have ended, however. */
async function runAll({ members, most }: Company): Promise<void> {
  const waiting = members.values();
  const work = async () => {
    for (const { run, ended: { promise, resolve, reject } } of waiting) {
      // Whoever is told of it in its turn may not be there yet.
      promise.catch(() => {});
      await run().then(resolve, reject);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, members.size) }, work));
}
