/**
 * Messages that come at a pace that a broker can keep, and how long they take, loaded by the process that
 * measures one subject.
 *
 * @module
 */
import process from "node:process";
import type { OwnWork, Sample } from "../../harness/types.ts";
import type { Client, Handle } from "./client.ts";
import { openClient, type Who } from "./clients.ts";
import { arrivedAt, openArriving } from "./arriving.ts";
import type { BrokerName } from "./places.ts";

/** Milliseconds between two sets of messages that are due. */
const SLOT = 2;
/** The share of the messages that warms up. */
const WARM = 0.25;
/** Times as long as a process is told to measure: a tail takes its time. */
const LONGER = 20;
const BYTES = 64;
/** Milliseconds after which what has not come is lost. */
const PATIENCE = 30_000;

/** From where to the call of the handler. */
export type Span = "publish" | "arrival";

/**
 * Publishes so many messages a second and handles them, each without waiting for the one before. The time
 * of a message begins when it was due, so that what holds up the publishing counts as well; or when its
 * record has come from the broker.
 */
export function pacing(name: BrokerName, who: Who, perSecond: number, span: Span): OwnWork {
  return {
    async measure(seconds) {
      const count = Math.ceil(perSecond * seconds * LONGER);
      const client = span === "publish"
        ? await openClient(name, who, true)
        : await openArriving(name);
      const took = new Float64Array(count);
      const all = Promise.withResolvers<void>();
      let handled = 0;
      const handle: Handle = (payload) => {
        const view = new DataView(payload.buffer, payload.byteOffset);
        const began = span === "publish" ? view.getFloat64(8) : arrivedAt(payload);
        took[view.getUint32(0)] = performance.now() - began;
        if (++handled === count) all.resolve();
      };
      const end = await client.consume(handle);
      const before = process.cpuUsage();
      const failed = new Promise<never>((_resolve, reject) => {
        publishAt(client, perSecond, count).then(() => {
          const lost = () => reject(new Error(`handled ${handled} messages instead of ${count}`));
          setTimeout(lost, PATIENCE);
        }, reject);
      });
      await Promise.race([all.promise, failed]);
      const { user, system } = process.cpuUsage(before);
      await end();
      await client.close();
      return spread(took.subarray(count * WARM), { "CPU µs": (user + system) / count });
    },
  };
}

/** Resolves when all are published and confirmed. */
async function publishAt(client: Client, perSecond: number, count: number): Promise<void> {
  const confirmed: Promise<unknown>[] = [];
  const started = performance.now();
  for (let slot = 1; confirmed.length < count; slot++) {
    const due = started + slot * SLOT;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const most = Math.min(count, Math.round(slot * SLOT * perSecond / 1_000));
    while (confirmed.length < most) {
      const payload = new Uint8Array(BYTES);
      const view = new DataView(payload.buffer);
      view.setUint32(0, confirmed.length);
      view.setFloat64(8, due);
      confirmed.push(client.publish(payload, confirmed.length));
    }
  }
  await Promise.all(confirmed);
}

/** The 99th percentile of times in milliseconds, with what else is to be said of them. */
export function spread(
  took: ArrayLike<number>,
  more: Readonly<Record<string, number>> = {},
): Sample {
  const sorted = Float64Array.from(took).sort();
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
  const p99 = at(0.99) * 1e6;
  return { min: p99, median: p99, beside: { "p50 ms": at(0.5), "largest ms": at(1), ...more } };
}
