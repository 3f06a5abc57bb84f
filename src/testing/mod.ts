/**
 * The tests that every transport passes, for whoever writes one.
 *
 * @module
 */

export { conformance } from "./conformance.ts";
export type { ConformanceOptions, TestRegistrar, TopicContext } from "./options.ts";
export { compareLogs, type Consumed, type LogOptions, type Produced } from "./logs.ts";
