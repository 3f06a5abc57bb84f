import type { Delivery } from "./deliveries.ts";
import type { Pass } from "./pass.ts";
import type { Subscriber } from "./subscribers.ts";

/** A count that should be something, and what it is. */
export interface Check {
  /** What was counted, and by whom. */
  name: string;
  expected: number;
  actual: number;
}

/**
 * Every count of a pass beside what it should be. The expectations come from the recorded
 * deliveries alone: the bus, and how it matches topics, have no part in them.
 */
export function checksOf(
  { subscribers, stats, reported }: Pass,
  deliveries: Delivery[],
  rounds: number,
): Check[] {
  const events = deliveries.length * rounds;
  const failures = sum(subscribers, (subscriber) => expectedOf(subscriber, deliveries, rounds)[1]);
  return [
    ...subscribers.flatMap((subscriber) => checksOfSubscriber(subscriber, deliveries, rounds)),
    { name: "stats().emitted", expected: events, actual: stats.emitted },
    { name: "stats().processed", expected: events, actual: stats.processed },
    { name: "stats().failed", expected: failures, actual: stats.failed },
    { name: "stats().dropped", expected: 0, actual: stats.dropped },
    { name: "stats().depth", expected: 0, actual: stats.depth },
    { name: "failures reported", expected: failures, actual: reported },
  ];
}

/** The checks that a pass did not meet. */
export function faultsIn(checks: Check[]): Check[] {
  return checks.filter(({ expected, actual }) => actual !== expected);
}

function checksOfSubscriber(
  subscriber: Subscriber,
  deliveries: Delivery[],
  rounds: number,
): Check[] {
  const { pattern, tally } = subscriber;
  const [delivered, failed] = expectedOf(subscriber, deliveries, rounds);
  return [
    { name: `${pattern} delivered`, expected: delivered, actual: tally.delivered },
    { name: `${pattern} handled`, expected: delivered - failed, actual: tally.handled },
    { name: `${pattern} failed`, expected: failed, actual: tally.failed },
  ];
}

/** How many events a subscriber should get, and on how many of them it should fail. */
function expectedOf(
  { expects, failsEvery = Infinity }: Subscriber,
  deliveries: Delivery[],
  rounds: number,
): [delivered: number, failed: number] {
  const delivered = deliveries.filter(expects).length * rounds;
  return [delivered, Math.floor(delivered / failsEvery)];
}

/** Adds up one number of each item. */
export function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
