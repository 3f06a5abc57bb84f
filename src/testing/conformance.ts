import { CASES } from "./cases/mod.ts";
import type { Case } from "./case.ts";
import {
  checkConformanceOptions,
  type ConformanceOptions,
  resolveTerms,
  type Terms,
} from "./options.ts";
import { FACES, type Faces, World } from "./world.ts";

/**
 * Registers the tests that every transport passes, whatever is behind it: an adapter is done when it
 * does. What the traits of the transport promise is tested, nothing of it can be left out; what it
 * cannot do is registered as skipped, with the reason in the name. A method that it may leave out, such
 * as `lag` or `peek`, is tested where it is there; where not, its test passes.
 *
 * Resolves when the tests are registered: at once if `traits` are given, else a connection is made to
 * ask for them. A test waits for events, and closes what it opened; the topics of real brokers stay.
 *
 * @throws {TypeError | RangeError} If an option is malformed, or neither `restartBroker` nor
 * `inProcess` is given.
 *
 * @example Test a transport
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { conformance } from "@beat/beat/testing";
 *
 * const names: string[] = [];
 * const test = (name: string) => names.push(name); // in tests: Deno.test, test of node:test, …
 * await conformance({
 *   test: Object.assign(test, { skip: test }),
 *   connect: () => new MemoryBroker(),
 *   inProcess: true,
 * });
 * console.log(names);
 * ```
 */
export async function conformance(options: ConformanceOptions): Promise<void> {
  checkConformanceOptions(options);
  const terms = resolveTerms(options, options.traits ?? await askForTraits(options.connect));
  const { test } = options;
  // Called as methods: some registrars look at `this`.
  const skip = (name: string) => {
    const nothing = () => Promise.resolve();
    if (test.skip !== undefined) test.skip(name, nothing);
    else test.ignore!(name, nothing);
  };
  for (const one of CASES) {
    const reason = one.needs?.(terms);
    if (reason === undefined) test(one.name, () => runCase(one, terms));
    else skip(`${one.name} (skipped as ${reason})`);
  }
}

/** Runs one test, and closes what it opened. */
export async function runCase(one: Case, terms: Terms, faces: Faces = FACES): Promise<void> {
  await new World(terms, one.name, faces).inner((world) => one.run(world));
}

async function askForTraits(connect: ConformanceOptions["connect"]): Promise<Terms["traits"]> {
  const transport = await connect();
  const { traits } = transport;
  await transport.close();
  return traits;
}
