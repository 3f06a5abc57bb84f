import { setImmediate } from "node:timers/promises";
import { subscribeAll, type Subscriber } from "./subscribers.ts";
import type { BusStats } from "@beat/beat";
import type { Delivery } from "./deliveries.ts";
import type { Engine } from "./engines.ts";

/** What came of feeding all deliveries to one engine. */
export interface Pass {
  engine: Engine;
  subscribers: Subscriber[];
  /** The books of the bus itself, after the last handler has settled. */
  stats: BusStats;
  /** Failures that the emitter or `onError` heard of. */
  reported: number;
  /** Milliseconds from the first event until everything had settled. */
  time: number;
}

/** Feeds every delivery `rounds` times to a fresh bus and waits until all handlers have settled. */
export async function runPass(
  engine: Engine,
  deliveries: Delivery[],
  rounds: number,
  onProgress: (done: number) => void,
): Promise<Pass> {
  let reported = 0;
  const { bus, send } = engine.open(() => reported++);
  const subscribers = subscribeAll(bus);
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    onProgress(round / rounds);
    for (const { event } of deliveries) {
      const sent = send(event);
      if (sent !== undefined) await sent;
    }
    // A sync bus makes nobody wait: without a turn of the event loop, promises would pile up.
    await setImmediate();
  }
  await bus.drain();
  const time = performance.now() - started;
  return { engine, subscribers, stats: bus.stats(), reported, time };
}
