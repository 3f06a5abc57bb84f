/**
 * What does a message cost from a topic to the handler of a router, its ack included?
 *
 * @module
 */
import type { Case, Goal, ProcessSubject, Question } from "../harness/types.ts";
import { watermill } from "../subjects/go.ts";
import { ours } from "../subjects/subject.ts";

const BLOCKING = watermill("router, publisher waits for acks", "-blocking");
const FREE = watermill("router, publisher goes on");

const SYNC_GOALS: Goal[] = [{ limit: 600 }];
const ASYNC_GOALS: Goal[] = [{ limit: 1_500 }];
/** Three million a second. */
const BATCH_GOALS: Goal[] = [{ limit: 1_000 / 3 }];
/** Three times as fast as the better of Watermill's forms. */
const WATERMILL_GOALS: Goal[] = [BLOCKING, FREE].map(({ name }) => ({
  limit: 1 / 3,
  of: name,
  relation: "times",
}));

/** Loaded by the process that measures it only. */
const setup = (name: string) => async () => {
  const { MESSAGE_WORKS } = await import("../subjects/message_works.ts");
  return await MESSAGE_WORKS[name]!();
};
const use = async () => await (await import("../subjects/messages.ts")).useMessages();

function subject(name: string, goals: Goal[] = []): ProcessSubject {
  return ours(name, setup(name), { use, goals });
}

const PREFILLED_CASE: Case = {
  name: "topic filled before",
  subjects: [
    subject("engine, sync handler", SYNC_GOALS),
    subject("engine, async handler", ASYNC_GOALS),
    subject("engine, batches of 100", BATCH_GOALS),
    subject("router, sync handler", SYNC_GOALS),
    subject("router, async handler", ASYNC_GOALS),
    subject("router, batches of 100", BATCH_GOALS),
    subject("router, five middlewares", [
      { limit: 150, of: "beat router, sync handler", relation: "plus" },
    ]),
    subject("router, 100 keys without order"),
    subject("router, 100 keys in order", [
      { limit: 100, of: "beat router, 100 keys without order", relation: "plus" },
    ]),
    {
      name: "bare decode and call",
      kind: "bound",
      setup: setup("bare decode and call"),
      use,
    },
  ],
};

const LIVE_CASE: Case = {
  name: "published in calls of 100 and handled, in bursts of 1 000",
  subjects: [
    subject("router on MemoryBroker, sync handler", WATERMILL_GOALS),
    subject("router on MemoryBroker, async handler", WATERMILL_GOALS),
    BLOCKING,
    FREE,
  ],
};

/** Messages through engine and router. */
export const messagesQuestion: Question = {
  id: "messages",
  title: "Messages of 64 bytes through the router, acks included",
  measure: "ns",
  states: ["used"],
  cases: [PREFILLED_CASE, LIVE_CASE],
  notes: [
    "Time ÷ messages handled. Subscribing and closing, which flushes the acks, are part of it.",
    "Watermill has no prefilled topic that keeps an order: it is compared where both publish.",
  ],
};
