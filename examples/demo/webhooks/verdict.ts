import type { ReplayReport } from "@beat/beat/router";
import type { Flow } from "./flow.ts";
import type { Post } from "./posts.ts";
import { readAll } from "./read_all.ts";

/** What a run of the flow has to show. */
export interface Facts {
  readonly posts: readonly Post[];
  /** Webhooks that were posted a second time. */
  readonly repeated: number;
  /** Answers to what should not get in. */
  readonly refused: readonly number[];
  /** Events that are poison while the bug is there. */
  readonly dead: number;
  readonly report: ReplayReport;
  readonly flow: Flow;
}

/** Compares what happened with what the payloads alone say should happen. */
export async function checkFlow(facts: Facts): Promise<{ checks: number; faults: string[] }> {
  const { posts, dead, report, refused, flow } = facts;
  const { intake, index, archive, urgent, again } = flow.stages;
  const events = posts.filter((post) => !post.urgent);
  const letters = await readAll(flow.broked, flow.broker.topics.dead, dead);
  const reasons = letters.filter(({ metadata }) =>
    metadata.get("dlq_reason")?.startsWith("SyntaxError")
  );
  const checks: [name: string, actual: unknown, expected: unknown][] = [
    ["intake handled", intake.handled, posts.length],
    ["archive handled", archive.handled, events.length],
    ["urgent handled", urgent.handled, posts.length - events.length],
    ["index handled", index.handled, events.length - dead],
    ["dead letters", letters.length, dead],
    ["dead letters with their reason", reasons.length, dead],
    ["replayed", report.replayed, dead],
    ["handled after the fix", again.handled, dead],
    ["answers to forged and old webhooks", refused.join(), "401,401"],
    ["repositories out of order", await countDisorder(flow, events.length), 0],
  ];
  const faults = checks.filter(([, actual, expected]) => actual !== expected)
    .map(([name, actual, expected]) => `${name}: ${actual} instead of ${expected}`);
  return { checks: checks.length, faults };
}

/** Repositories whose events were indexed in another order than the broker has them in. */
async function countDisorder(
  { indexed, broked, broker: { topics } }: Flow,
  events: number,
): Promise<number> {
  const stored = new Map<string, string[]>();
  for (const { key, metadata } of await readAll(broked, topics.events, events)) {
    const sequence = metadata.get("sequence")!;
    stored.set(key, [...stored.get(key) ?? [], sequence]);
  }
  let count = 0;
  for (const [repository, { first }] of indexed) {
    // What belongs to no repository has no key, and no order to keep.
    if (repository === "") continue;
    const wanted = stored.get(repository)!.filter((sequence) => first.includes(sequence));
    if (wanted.join() !== first.join()) count++;
  }
  return count;
}
