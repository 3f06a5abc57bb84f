import type { TestRegistrar, TopicContext } from "@beat/beat/testing";

/** Tests that do little but wait for the end of a lease. */
const PATIENT = /^(close: ends in time|dedupe: a crash)/;

/**
 * Runs the conformance suite against a server: one test after the other, but that those which wait for the
 * end of a lease wait together. Each is told of in its turn.
 */
export class ConformanceRun {
  /** Registers the tests. */
  readonly test: TestRegistrar;
  readonly #patient = new Map<string, () => Promise<void>>();
  #waiting: Map<string, Promise<void>> | undefined;
  /** The test that runs, or the first of those that wait together. */
  #current = "";

  constructor(test: TestRegistrar) {
    const register = (name: string, run: () => Promise<void>) => {
      if (!PATIENT.test(name)) return test(name, () => this.#alone(name, run));
      this.#patient.set(name, run);
      return test(name, () => this.#together(name));
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
    await Promise.allSettled(this.#waiting?.values() ?? []);
    this.#current = name;
    await run();
  }

  async #together(name: string): Promise<void> {
    if (this.#waiting === undefined) {
      this.#current = name;
      this.#waiting = new Map(Array.from(this.#patient, ([own, run]) => [own, run()]));
      // One that fails is told of in its turn.
      for (const waiting of this.#waiting.values()) waiting.catch(() => {});
    }
    await this.#waiting.get(name);
  }
}
