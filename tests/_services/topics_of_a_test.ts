import type { TopicContext } from "@beat/beat/testing";

/**
 * Names the topics of the conformance suite, and has those of one test removed when the next begins: a
 * server that is killed and started again reads all that it has kept.
 */
export function topicsOfATest(
  remove: (topics: readonly string[]) => Promise<void>,
): (context: TopicContext) => Promise<string> {
  let current = "";
  const topics: string[] = [];
  return async ({ test, name }) => {
    if (test !== current) await remove(topics.splice(0));
    current = test;
    topics.push(name);
    return name;
  };
}
