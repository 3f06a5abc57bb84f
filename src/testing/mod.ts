/**
 * The tests that every transport passes, for whoever writes one, under whatever test runner.
 *
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { conformance } from "@beat/beat/testing";
 *
 * // Deno.test, or test of node:test, bun:test, Vitest; here one that only counts.
 * let tests = 0;
 * const test = Object.assign(() => tests++, { skip: () => {} });
 * await conformance({ test, connect: () => new MemoryBroker(), inProcess: true });
 * console.log(tests);
 * ```
 *
 * @module
 */

export { conformance } from "./conformance.ts";
export type { ConformanceOptions, TestRegistrar, TopicContext } from "./options.ts";
export { compareLogs, type Consumed, type LogOptions, type Produced } from "./logs.ts";
