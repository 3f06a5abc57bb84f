/**
 * The subjects of the question about messages, loaded by the process that measures one.
 *
 * @module
 */
import { MemoryBroker } from "../../src/memory/mod.ts";
import type { Message, Subscriber } from "../../src/message/mod.ts";
import { openRecord } from "../../src/message/message.ts";
import type { RoutedHandler, Router } from "../../src/router/mod.ts";
import { consume, type ConsumeOptions, publisher, subscriber } from "../../src/transport/mod.ts";
import type { Work } from "../harness/types.ts";
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
} from "./messages.ts";
import { settled } from "./settled.ts";

/** So many that what a subscription costs vanishes, and the topic is still a small one. */
const PREFILLED = 20_000;
/** Messages handed in before all must be handled. */
const BURST = 1_000;
const KEYS = 100;
const IN_FLIGHT = 256;
const BATCH = { size: CALL, maxWait: 10 };

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

function addTo(
  router: Router,
  from: Subscriber,
  handle: (message: Message) => void | Promise<void>,
): RoutedHandler {
  return router.on("count", TOPIC, from, handle).from("earliest").inFlight(IN_FLIGHT);
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

/** Publishes a burst in calls of 100, and waits until all of it is handled. */
function live(handle: (message: Message) => void | Promise<void>): () => Promise<Work> {
  return async () => {
    const broker = new MemoryBroker();
    const out = publisher(broker);
    const messages = createMessages(BURST);
    const router = createRouter();
    router.on("count", TOPIC, subscriber(broker), handle)
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

/** By the names of the subjects. */
export const MESSAGE_WORKS: Readonly<Record<string, () => Work | Promise<Work>>> = {
  "engine, sync handler": consumed(countBatch),
  "engine, async handler": consumed(([message]) => asyncHandler(message!)),
  "engine, batches of 100": consumed(countBatch, { batch: BATCH }),
  "router, sync handler": routed((router, from) => addTo(router, from, countMessage)),
  "router, async handler": routed((router, from) => addTo(router, from, asyncHandler)),
  "router, batches of 100": routed((router, from) =>
    router.onBatch("count", TOPIC, from, countBatch).from("earliest").inFlight(IN_FLIGHT)
      .batch(BATCH)
  ),
  "router, five middlewares": routed((router, from) =>
    addTo(router.use(...PASS_THROUGH), from, countMessage)
  ),
  "router, 100 keys without order": routed(
    (router, from) => addTo(router, from, countMessage),
    KEYS,
  ),
  "router, 100 keys in order": routed(
    (router, from) => addTo(router, from, countMessage).keyed(),
    KEYS,
  ),
  "bare decode and call": bare,
  "router on MemoryBroker, sync handler": live(countMessage),
  "router on MemoryBroker, async handler": live(asyncHandler),
};
