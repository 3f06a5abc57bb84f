import { emptyTally, tallied, type Tally } from "./tally.ts";
import type { Bus, Handler, KnownPattern, MatchedEvent } from "@beat/beat";
import type { Delivery, GitHubEvents } from "./deliveries.ts";

/** The unreliable subscriber fails on every one of so many events. */
const FAILS_EVERY = 7;

/** A subscriber, and what it should see. */
export interface Subscriber {
  /** The pattern it subscribed. */
  pattern: string;
  /** What it has done, in a few words. */
  describe: () => string;
  /** Whether it should get a delivery: told from GitHub's own words, not by matching the topic. */
  expects: (delivery: Delivery) => boolean;
  /** It fails on every one of so many events; on none unless given. */
  failsEvery?: number;
  /** What it has seen. */
  tally: Tally;
}

type Expectation = Omit<Subscriber, "pattern" | "tally">;

/** Subscribes everybody. Each handler knows the payloads of its pattern without a cast. */
export function subscribeAll(bus: Bus<GitHubEvents>): Subscriber[] {
  const subscribers: Subscriber[] = [];

  function subscribe<const P extends string>(
    pattern: KnownPattern<GitHubEvents, P>,
    expectation: Expectation,
    handler: Handler<MatchedEvent<GitHubEvents, P>>,
  ): void {
    const tally = emptyTally();
    bus.on<P>(pattern, tallied(tally, handler));
    subscribers.push({ pattern, tally, ...expectation });
  }

  // First of all: whoever comes after it must get every event all the same.
  let calls = 0;
  subscribe("github.*.created", {
    describe: () => `fails every ${FAILS_EVERY}th`,
    expects: ({ action }) => action === "created",
    failsEvery: FAILS_EVERY,
  }, ({ type }) => {
    if (++calls % FAILS_EVERY === 0) throw new Error(`Cannot handle '${type}'`);
  });

  const people = new Set<string>();
  subscribe("**", {
    describe: () => `met ${people.size} people`,
    expects: () => true,
  }, ({ data }) => {
    if ("sender" in data && data.sender) people.add(data.sender.login);
  });

  const kinds = new Set<string>();
  subscribe("github.*", {
    describe: () => `${kinds.size} kinds of event`,
    expects: ({ action }) => action === undefined,
  }, ({ type }) => {
    kinds.add(type);
  });

  const commits = new Set<string>();
  subscribe("github.push", {
    describe: () => count(commits.size, "commit"),
    expects: ({ name }) => name === "push",
  }, ({ data }) => {
    for (const { id } of data.commits) commits.add(id);
  });

  const openIssues = new Set<number>();
  subscribe("github.issues.*", {
    describe: () => count(openIssues.size, "open issue"),
    expects: ({ name, action }) => name === "issues" && action !== undefined,
  }, ({ type, data }) => {
    if (type === "github.issues.deleted") openIssues.delete(data.issue.id);
    else openIssues.add(data.issue.id);
  });

  const titles = new Set<string>();
  subscribe("github.issues.opened", {
    describe: () => count(titles.size, "title"),
    expects: ({ name, action }) => name === "issues" && action === "opened",
  }, ({ data }) => {
    titles.add(data.issue.title);
  });

  const digests = new Set<number>();
  subscribe("github.**.opened", {
    describe: () => `async, ${count(digests.size, "digest")}`,
    expects: ({ action }) => action === "opened",
  }, async ({ type }) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(type));
    digests.add(new DataView(digest).getUint32(0));
  });

  return subscribers;
}

function count(size: number, thing: string): string {
  return `${size} ${thing}${size === 1 ? "" : "s"}`;
}
