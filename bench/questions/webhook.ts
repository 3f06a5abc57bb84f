/**
 * What does a webhook cost that comes in over a socket, with its signature checked?
 *
 * @module
 */
import type { Question } from "../harness/types.ts";
import { ours } from "../subjects/subject.ts";

const BARE = "a Hono route that reads the body";
const use = () => {};
/** Loaded by the process that measures it only. */
const load = () => import("../subjects/webhook_servers.ts");

/** Requests over sockets: the receiver beside a route that does nothing. */
export const webhookQuestion: Question = {
  id: "webhook",
  title: "Webhooks of a KiB over 32 connections, sent by another process",
  measure: "ns",
  states: ["fresh"],
  cases: [{
    name: "1 KiB",
    subjects: [
      ours(
        "webhookSubscriber, signature checked",
        async () => (await load()).subscriberWork(true),
        {
          use,
          goals: [{ limit: 2, of: BARE, relation: "times", state: "fresh" }],
        },
      ),
      ours("webhookSubscriber, unsigned", async () => (await load()).subscriberWork(false), {
        use,
      }),
      { name: BARE, kind: "bound", setup: async () => (await load()).bareRoute(), use },
      {
        name: "that route + the package standardwebhooks",
        kind: "peer",
        setup: async () => (await load()).standardRoute(),
        use,
      },
    ],
  }],
  notes: [
    "Nanoseconds are 1e9 ÷ requests per second. The sender shares the machine: on two cores it takes one of them.",
  ],
};
