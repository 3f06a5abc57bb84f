import { startThread } from "../../src/runtime/threads.ts";
import type { LaneHandle } from "../../src/engines/lanes.ts";
import type { Order, Told } from "./testdata/producer.ts";

/** A thread that feeds a bus. */
export interface ProducerThread {
  /** Lets it do something; resolves with what came of it. */
  tell(order: Order): Promise<Told>;
  /** Lets it do something that it does not survive: not every runtime says when it is gone. */
  doom(order: Order): void;
  /** Ends it by force. */
  terminate(): Promise<unknown>;
}

/** Starts a thread that runs `testdata/producer.ts`, and lets it attach. */
export async function startProducer(handle: LaneHandle): Promise<ProducerThread> {
  let hear = (_told: unknown) => {};
  const next = () => new Promise<unknown>((resolve) => hear = resolve);
  const ready = next();
  const thread = startThread(new URL("./testdata/producer.ts", import.meta.url), {
    onMessage: (told) => hear(told),
    onError: () => {},
    onEnd: () => {},
  });
  await ready;
  const tell = (order: Order) => {
    const told = next();
    thread.send(order);
    return told as Promise<Told>;
  };
  const { error } = await tell({ attach: handle });
  if (error !== undefined) throw new Error(`The thread cannot attach: ${error}`);
  return {
    tell,
    doom: (order) => thread.send(order),
    terminate: () => thread.terminate(),
  };
}

/** Runs a test with so many threads that feed a bus, and ends them. */
export async function withProducers(
  handle: LaneHandle,
  count: number,
  test: (threads: ProducerThread[]) => Promise<void>,
): Promise<void> {
  const threads = await Promise.all(Array.from({ length: count }, () => startProducer(handle)));
  try {
    await test(threads);
  } finally {
    for (const thread of threads) await thread.terminate();
  }
}
