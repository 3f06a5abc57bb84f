/**
 * What does a webhook cost that comes in over a socket, with its signature checked?
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import { ours } from "../subjects/subject.ts";

const BARE = "a Hono route that reads the body";
/** Loaded by the process that measures it only. */
const load = () => import("../subjects/webhook_servers.ts");

/** A server that is measured is as warm as one that has been up for seconds. */
const used = async (begin: (servers: Awaited<ReturnType<typeof load>>) => Promise<Work>) => {
  const work = await begin(await load());
  await work.run(WARM_UP_ROUNDS);
  await work.end!();
};
/** Of 256 requests each. */
const WARM_UP_ROUNDS = 120;

/** Requests over sockets: the receiver beside a route that does nothing. */
export const webhookQuestion: Question = {
  id: "webhook",
  title: "Webhooks of a KiB over 32 connections, sent by another process",
  measure: "ns",
  states: ["fresh", "used"],
  cases: [{
    name: "1 KiB",
    subjects: [
      ours(
        "webhookSubscriber, signature checked",
        async () => (await load()).subscriberWork(true),
        {
          use: () => used((servers) => servers.subscriberWork(true)),
          goals: [{ limit: 2, of: BARE, relation: "times" }],
        },
      ),
      ours("webhookSubscriber, unsigned", async () => (await load()).subscriberWork(false), {
        use: () => used((servers) => servers.subscriberWork(false)),
      }),
      {
        name: BARE,
        kind: "bound",
        setup: async () => (await load()).bareRoute(),
        use: () => used((servers) => servers.bareRoute()),
      },
      {
        name: "that route + the package standardwebhooks",
        kind: "peer",
        setup: async () => (await load()).standardRoute(),
        use: () => used((servers) => servers.standardRoute()),
      },
    ],
  }],
  notes: [
    "Nanoseconds are 1e9 ÷ requests per second. The sender shares the machine: on two cores it takes one of them.",
  ],
};
