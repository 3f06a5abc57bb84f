/**
 * What does a message cost from a topic to the handler of a router, its ack included?
 *
 * @module
 */
import type { Case, Goal, Question, Work } from "../harness/types.ts";
import type { Message, Subscriber } from "../../src/message/mod.ts";
import { MemoryBroker } from "../../src/memory/mod.ts";
import type { Router } from "../../src/router/mod.ts";
import { consume, type ConsumeOptions, publisher, subscriber } from "../../src/transport/mod.ts";
import { openRecord } from "../../src/message/message.ts";
import { watermill } from "../subjects/go.ts";
import {
  CALL,
  countBatch,
  countMessage,
  createMessages,
  createRouter,
  filledBroker,
  PASS_THROUGH,
  publishAll,
  TOPIC,
  useMessages,
} from "../subjects/messages.ts";
import { settled } from "../subjects/settled.ts";
import { ours } from "../subjects/subject.ts";

/** So many that what a subscription costs vanishes, and the topic is still a small one. */
const PREFILLED = 20_000;
/** Messages handed in before all must be handled. */
const BURST = 1_000;
const KEYS = 100;
const IN_FLIGHT = 256;

const SYNC = "beat router, sync handler";
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

/** Fills a topic, then consumes all of it: from the subscription to the end that flushes the acks. */
function prefilled(keys: number, consumeAll: (broker: MemoryBroker) => Promise<() => unknown>) {
  return (): Work => {
    let broker: MemoryBroker;
    return {
      opsPerRound: PREFILLED,
      prepare: async (rounds) => void (broker = await filledBroker(rounds * PREFILLED, keys)),
      async run(rounds) {
        const end = await consumeAll(broker);
        await settled(rounds * PREFILLED);
        await end();
      },
    };
  };
}

function routed(add: (router: Router, from: Subscriber) => unknown, keys = 0): () => Work {
  return prefilled(keys, async (broker) => {
    const router = createRouter();
    add(router, subscriber(broker));
    const done = router.run();
    await router.running;
    return async () => {
      await router.close();
      await done;
    };
  });
}

function consumed(
  handle: (messages: readonly Message[]) => unknown,
  options: Partial<ConsumeOptions> = {},
): () => Work {
  return prefilled(0, async (broker) => {
    const place = { topic: TOPIC, group: "count", from: "earliest", prefetch: IN_FLIGHT } as const;
    const consumption = await consume(broker, handle, { ...place, ...options });
    return () => consumption.close();
  });
}

/** No engine, no ack: what the broker gives is decoded and handed over. */
function bare(): Work {
  let broker: MemoryBroker;
  return {
    opsPerRound: PREFILLED,
    prepare: async (rounds) => void (broker = await filledBroker(rounds * PREFILLED)),
    run() {
      for (const rec of broker.history(TOPIC)) countMessage(openRecord(rec));
    },
  };
}

const asyncHandler = async (message: Message): Promise<void> => {
  await null;
  countMessage(message);
};

const PREFILLED_CASE: Case = {
  name: "topic filled before",
  subjects: [
    ours("engine, sync handler", consumed(countBatch), { use: useMessages, goals: SYNC_GOALS }),
    ours(
      "engine, async handler",
      consumed(([message]) => asyncHandler(message!)),
      { use: useMessages, goals: ASYNC_GOALS },
    ),
    ours("engine, batches of 100", consumed(countBatch, { batch: { size: CALL, maxWait: 10 } }), {
      use: useMessages,
      goals: BATCH_GOALS,
    }),
    ours(
      "router, sync handler",
      routed((router, from) =>
        router.on("count", TOPIC, from, countMessage).from("earliest").inFlight(IN_FLIGHT)
      ),
      { use: useMessages, goals: SYNC_GOALS },
    ),
    ours(
      "router, async handler",
      routed((router, from) =>
        router.on("count", TOPIC, from, asyncHandler).from("earliest").inFlight(IN_FLIGHT)
      ),
      { use: useMessages, goals: ASYNC_GOALS },
    ),
    ours(
      "router, batches of 100",
      routed((router, from) =>
        router.onBatch("count", TOPIC, from, countBatch).from("earliest").inFlight(IN_FLIGHT)
          .batch({ size: CALL, maxWait: 10 })
      ),
      { use: useMessages, goals: BATCH_GOALS },
    ),
    ours(
      "router, sync handler, five middlewares",
      routed((router, from) =>
        router.use(...PASS_THROUGH).on("count", TOPIC, from, countMessage).from("earliest")
          .inFlight(IN_FLIGHT)
      ),
      { use: useMessages, goals: [{ limit: 150, of: SYNC, relation: "plus" }] },
    ),
    ours(
      "router, sync handler, 100 keys without order",
      routed(
        (router, from) =>
          router.on("count", TOPIC, from, countMessage).from("earliest").inFlight(IN_FLIGHT),
        KEYS,
      ),
      { use: useMessages },
    ),
    ours(
      "router, sync handler, 100 keys in order",
      routed(
        (router, from) =>
          router.on("count", TOPIC, from, countMessage).from("earliest").inFlight(IN_FLIGHT)
            .keyed(),
        KEYS,
      ),
      {
        use: useMessages,
        goals: [{
          limit: 100,
          of: "beat router, sync handler, 100 keys without order",
          relation: "plus",
        }],
      },
    ),
    { name: "bare decode and call", kind: "bound", setup: bare, use: useMessages },
  ],
};

/** Publishes a burst in calls of 100, and waits until all of it is handled. */
function live(handle: (message: Message) => unknown): () => Promise<Work> {
  return async () => {
    const broker = new MemoryBroker();
    const out = publisher(broker);
    const messages = createMessages(BURST);
    const router = createRouter();
    router.on("count", TOPIC, subscriber(broker), (message) => handle(message) as void)
      .inFlight(IN_FLIGHT);
    router.run();
    await router.running;
    return {
      opsPerRound: BURST,
      async run(rounds) {
        for (let i = 1; i <= rounds; i++) {
          await publishAll(out, messages, BURST);
          await settled(i * BURST);
        }
      },
    };
  };
}

const LIVE_CASE: Case = {
  name: "published in calls of 100 and handled, in bursts of 1 000",
  subjects: [
    ours("router on MemoryBroker, sync handler", live(countMessage), {
      use: useMessages,
      goals: WATERMILL_GOALS,
    }),
    ours("router on MemoryBroker, async handler", live(asyncHandler), {
      use: useMessages,
      goals: WATERMILL_GOALS,
    }),
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
