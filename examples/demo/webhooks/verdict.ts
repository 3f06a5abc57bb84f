import type { Message } from "@beat/beat/message";
import type { ReplayReport } from "@beat/beat/router";
import type { Flow } from "./flow.ts";
import type { Post } from "./posts.ts";
import { readAll } from "./read_all.ts";
import type { Stage } from "./stages.ts";

/** What a run of the flow has to show. */
export interface Facts {
  readonly posts: readonly Post[];
  /** Webhooks that were posted a second time. */
  readonly repeated: number;
  /** Deliveries that came in a second webhook. */
  readonly redelivered: number;
  /** Webhooks that are no payloads of GitHub. */
  readonly invalid: number;
  /** Answers to what should not get in. */
  readonly refused: readonly number[];
  /** Events that are poison while the bug is there. */
  readonly dead: number;
  readonly report: ReplayReport;
  readonly flow: Flow;
}

/** Compares what happened with what the payloads alone say should happen. */
export async function checkFlow(facts: Facts): Promise<{ checks: number; faults: string[] }> {
  const { posts, dead, invalid, report, refused, flow } = facts;
  const { stages, broked, broker: { topics } } = flow;
  const { intake, index, archive, urgent, again } = stages;
  const events = posts.filter((post) => !post.urgent);
  const [letters, stored, alerts] = await Promise.all([
    readAll(broked, topics.dead, dead + invalid),
    readAll(broked, topics.events, events.length),
    readAll(broked, topics.urgent, posts.length - events.length),
  ]);
  const routed = [...stored, ...alerts];
  const checks: [name: string, actual: unknown, expected: unknown][] = [
    ["deliveries let in", intake.calls, posts.length + invalid],
    ["intake handled", intake.handled, posts.length],
    ["intake refused as invalid", intake.failed, invalid],
    ["intake routed", intake.routed, posts.length],
    ["archive handled", archive.handled, events.length],
    ["batches of the archive", inBatches(archive), "several at a time, 50 at most"],
    ["urgent handled", urgent.handled, posts.length - events.length],
    ["index handled", index.handled, events.length - dead],
    ["dead letters", letters.length, dead + invalid],
    ["dead letters with their reason", countReason(letters, "SyntaxError"), dead],
    ["dead letters that were invalid", countReason(letters, "ValidationError"), invalid],
    ["left behind by the stages", deadOf(flow).join(), [invalid, dead, 0, 0, 0].join()],
    ["replayed", report.replayed, dead],
    ["put back into the stages", replayedOf(flow).join(), [0, dead, 0, 0, 0].join()],
    ["left with the dead", report.skipped, invalid],
    ["handled after the fix", again.handled, dead],
    ["tied to their webhook", routed.filter(isTied).length, posts.length],
    ["answers to forged and old webhooks", refused.join(), "401,401"],
    ["repositories out of order", countDisorder(flow, stored), 0],
    ["stages with a p50 and a p99", Object.values<Stage>({ ...stages }).filter(isTimed).length, 5],
  ];
  const faults = checks.filter(([, actual, expected]) => actual !== expected)
    .map(([name, actual, expected]) => `${name}: ${actual} instead of ${expected}`);
  return { checks: checks.length, faults };
}

function deadOf({ stages }: Flow): number[] {
  return Object.values<Stage>({ ...stages }).map(({ dead }) => dead);
}

function replayedOf({ stages }: Flow): number[] {
  return Object.values<Stage>({ ...stages }).map(({ replayed }) => replayed);
}

function countReason(letters: readonly Message[], name: string): number {
  return letters.filter(({ metadata }) => metadata.get("dlq_reason")?.startsWith(name)).length;
}

function inBatches({ largest }: Stage): string {
  if (largest > 50) return `${largest} at a time`;
  return largest > 1 ? "several at a time, 50 at most" : "one at a time";
}

/** What a webhook led to has its uuid, and says so. */
function isTied({ uuid, metadata }: Message): boolean {
  return metadata.get("correlation_id") === uuid;
}

/** Whether half of it took some time, and the slowest hundredth no less. */
function isTimed(stage: Stage): boolean {
  const [half, most] = [stage.percentile(0.5), stage.percentile(0.99)];
  return half !== undefined && half > 0 && most !== undefined && most >= half && most < Infinity;
}

/** Repositories whose events were indexed in another order than the broker has them in. */
function countDisorder({ indexed }: Flow, events: readonly Message[]): number {
  const stored = new Map<string, string[]>();
  for (const { key, metadata } of events) {
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
