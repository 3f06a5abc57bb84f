import type { Rule } from "../options/options.ts";

/** As many characters as a topic: names of brokers are made of both together. */
const LONGEST = 200;
/** What no broker carries: NUL, and what UTF-8 has no bytes for. */
const FORBIDDEN = /\0|\p{Surrogate}/u;

/** What the name of a group must be, so that it is one on every broker. */
export const GROUP: Rule = [
  `a text of 1 to ${LONGEST} characters without NUL and lone surrogates`,
  "string",
  (value: string) => value !== "" && value.length <= LONGEST && !FORBIDDEN.test(value),
];
