/**
 * Subjects that other threads send events to.
 *
 * @module
 */
import { forFlow } from "../../mod.ts";
import { type LaneHandle, share } from "../../src/engines/lanes.ts";
import { startThread } from "../../src/runtime/threads.ts";
import type { Thread } from "../../src/runtime/thread.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { settled } from "./settled.ts";

/** Events of a round: a multiple of what one to four threads send in their batches. */
const SIZE = 38_400;

/** What a thread is to do. */
export interface LaneOrder {
  /** First of all: where it sends its events; with nothing by messages. */
  handle?: LaneHandle;
  how?: "emit" | "emitBatch" | "postMessage" | "packed";
  /** Then, again and again: how many. */
  count?: number;
}

/** Our bus: one event a call, or in batches; each with bytes of its own, or pooled. */
export async function feedByLanes(
  producers: number,
  how: "emit" | "emitBatch",
  pooled = false,
): Promise<Work> {
  const bus = forFlow<{ row: Uint8Array }>({ batchTimeout: 0 });
  bus.on("row", (event) => note(event.data[0]!));
  const handle = share(bus, { producers, blockTimeout: 60_000, pooled });
  const threads = await startThreads(producers, { handle, how }, () => {});
  return createWork(threads);
}

/** What people write by hand: a message for each event, or a buffer for each hundred. */
export async function feedByMessages(producers: number, isPacked: boolean): Promise<Work> {
  const how = isPacked ? "packed" : "postMessage";
  const threads = await startThreads(producers, { how }, (message) => {
    if (message instanceof ArrayBuffer) {
      const bytes = new Uint8Array(message);
      for (let at = 0; at < bytes.length; at += 64) note(bytes[at]!);
    } else note((message as { data: Uint8Array }).data[0]!);
  });
  return createWork(threads);
}

function createWork(threads: Thread[]): Work {
  const count = SIZE / threads.length;
  return {
    opsPerRound: SIZE,
    async run(rounds) {
      for (let i = 1; i <= rounds; i++) {
        const order: LaneOrder = { count };
        for (const thread of threads) thread.send(order);
        await settled(i * SIZE);
      }
    },
  };
}

function startThreads(
  count: number,
  order: LaneOrder,
  take: (message: unknown) => void,
): Promise<Thread[]> {
  const module = new URL("./lane_producer.ts", import.meta.url);
  return Promise.all(Array.from({ length: count }, async () => {
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = steps.map(({ promise }) => promise);
    const thread = startThread(module, {
      onMessage: (message) => message === "ready" ? steps.shift()?.resolve() : take(message),
      onError: (error) => {
        throw error;
      },
      onEnd: () => {},
    });
    await waiting[0];
    thread.send(order);
    await waiting[1];
    return thread;
  }));
}
