/**
 * Messages, topics and routers for the questions, and how they are used before they are measured.
 *
 * @module
 */
import { MemoryBroker } from "../../src/memory/mod.ts";
import { Message, type Middleware, type Publisher, silent } from "../../src/message/mod.ts";
import { Router } from "../../src/router/mod.ts";
import { consume, publisher, subscriber } from "../../src/transport/mod.ts";
import { note } from "./handlers.ts";

/** The topic of all questions. */
export const TOPIC = "orders";

/** Messages of a call of `publish`. */
export const CALL = 100;

/** Bytes of a payload. */
export const SIZE = 64;

/** Payloads are all of {@linkcode SIZE}: reading one is counting it. */
export function countMessage({ payload }: Message): void {
  note(payload.length / SIZE);
}

/** Counts a batch. */
export function countBatch(messages: readonly Message[]): void {
  for (const message of messages) countMessage(message);
}

/** `count` messages; `keys` of them differ by their key. */
export function createMessages(count: number, keys = 0): Message[] {
  const payload = new Uint8Array(SIZE).fill(7);
  return Array.from({ length: count }, (_, at) => {
    return new Message(payload, keys === 0 ? {} : { key: `customer-${at % keys}` });
  });
}

/** Publishes messages in calls of {@linkcode CALL}, again and again until there are `count`. */
export async function publishAll(
  to: Publisher,
  messages: readonly Message[],
  count: number,
): Promise<void> {
  const calls: Message[][] = [];
  for (let at = 0; at < messages.length; at += CALL) calls.push(messages.slice(at, at + CALL));
  for (let at = 0; at * CALL < count; at++) await to.publish(TOPIC, calls[at % calls.length]!);
}

/** A broker that holds `count` messages, of `keys` keys. */
export async function filledBroker(count: number, keys = 0): Promise<MemoryBroker> {
  const broker = new MemoryBroker({ defaults: { maxMessages: count } });
  await publishAll(publisher(broker), createMessages(Math.min(count, 10 * CALL), keys), count);
  return broker;
}

/** A router that writes nothing. */
export function createRouter(): Router {
  return new Router({ logger: silent });
}

/** Middleware that does nothing: what the chain itself costs. */
export const PASS_THROUGH: readonly Middleware[] = [
  (next) => (work) => next(work),
  (next) => (work) => next(work),
  (next) => (work) => next(work),
  (next) => (work) => next(work),
  (next) => (work) => next(work),
];

/** Messages that each other handler gets before anything is measured. */
const OTHERS = 5_000;

/** Runs every way through engine and router, with ten other handlers. */
export async function useMessages(): Promise<void> {
  const broker = await filledBroker(OTHERS, 50);
  const from = subscriber(broker);
  const router = createRouter();
  const ended: Promise<void>[] = [];
  const counted = (handle: (messages: readonly Message[]) => unknown) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ended.push(promise);
    let left = OTHERS;
    return (messages: readonly Message[]) => {
      left -= messages.length;
      if (left === 0) resolve();
      return handle(messages);
    };
  };
  const plain: ((message: Message) => unknown)[] = [
    ({ payload }) => void payload.length,
    ({ key }) => void key.length,
    ({ attempt }) => void attempt,
    async ({ payload }) => void await payload.length,
    async ({ uuid }) => void await uuid,
    ({ metadata }) => void metadata.size,
  ];
  for (const [at, handle] of plain.entries()) {
    const all = counted(([message]) => handle(message!));
    router.on(`other ${at}`, TOPIC, from, (message) => all([message]) as void).from("earliest");
  }
  const keyed = counted(() => {});
  router.on("other keyed", TOPIC, from, (message) => keyed([message]) as void)
    .from("earliest").keyed().inFlight(256).addMiddleware(...PASS_THROUGH);
  const batch = counted(() => {});
  router.onBatch("other batch", TOPIC, from, (messages) => batch(messages) as void)
    .from("earliest").batch({ size: CALL, maxWait: 10 });
  const done = router.run();
  const engine = await consume(broker, counted(() => {}), { topic: TOPIC, from: "earliest" });
  await Promise.all(ended);
  await engine.close();
  await router.close();
  await done;
  await broker.close();
}
