import { emptyTally, type Tally, tallied } from "./tally.ts";
import type { Bus } from "@beat/beat";
import type { Delivery, GitHubEvents } from "./deliveries.ts";

/** The unreliable subscriber fails on every one of so many events. */
const FAILS_EVERY = 7;

/** A subscriber, and what it should see. */
export interface Subscriber {
  pattern: string;
  /** What it does with the events. */
  task: string;
  tally: Tally;
  /** Whether it should get a delivery: told from GitHub's own words, not from the topic. */
  expects(delivery: Delivery): boolean;
  /** Every how many-th event it fails on. */
  failsEvery?: number;
}

/** Subscribes everybody. Each handler knows the payloads of its pattern without a cast. */
export function subscribe(bus: Bus<GitHubEvents>): Subscriber[] {
  const subscribers: Subscriber[] = [];
  const add = (subscriber: Omit<Subscriber, "tally">): Tally => {
    const tally = emptyTally();
    subscribers.push({ ...subscriber, tally });
    return tally;
  };

  const senders = new Set<string>();
  const audit = add({ pattern: "**", task: "notes who did it", expects: () => true });
  bus.on("**", tallied(audit, ({ data }) => {
    if ("sender" in data && data.sender) senders.add(data.sender.login);
  }));

  const kinds = new Map<string, number>();
  const plain = add({
    pattern: "github.*",
    task: "events without an action",
    expects: ({ action }) => action === undefined,
  });
  bus.on("github.*", tallied(plain, ({ type }) => {
    kinds.set(type, (kinds.get(type) ?? 0) + 1);
  }));

  let commits = 0;
  const pushes = add({
    pattern: "github.push",
    task: "counts commits",
    expects: ({ name }) => name === "push",
  });
  bus.on("github.push", tallied(pushes, ({ data }) => {
    commits += data.commits.length;
  }));

  const openIssues = new Set<number>();
  const triage = add({
    pattern: "github.issues.*",
    task: "keeps the open issues",
    expects: ({ name, action }) => name === "issues" && action !== undefined,
  });
  bus.on("github.issues.*", tallied(triage, ({ type, data }) => {
    if (type === "github.issues.deleted") openIssues.delete(data.issue.number);
    else openIssues.add(data.issue.number);
  }));

  let longest = "";
  const titles = add({
    pattern: "github.issues.opened",
    task: "longest title",
    expects: ({ name, action }) => name === "issues" && action === "opened",
  });
  bus.on("github.issues.opened", tallied(titles, ({ data }) => {
    if (data.issue.title.length > longest.length) longest = data.issue.title;
  }));

  const digests = new Set<number>();
  const opened = add({
    pattern: "github.**.opened",
    task: "async: takes a digest",
    expects: ({ action }) => action === "opened",
  });
  bus.on("github.**.opened", tallied(opened, async ({ type }) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(type));
    digests.add(new DataView(digest).getUint32(0));
  }));

  const unreliable = add({
    pattern: "github.*.created",
    task: `fails every ${FAILS_EVERY}th time`,
    expects: ({ action }) => action === "created",
    failsEvery: FAILS_EVERY,
  });
  bus.on("github.*.created", tallied(unreliable, ({ type }) => {
    if (unreliable.delivered % FAILS_EVERY === 0) throw new Error(`Cannot handle '${type}'`);
  }));

  return subscribers;
}
