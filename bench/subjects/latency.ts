/**
 * Subjects that send a lone event to another thread. Its handler stores a word into shared memory,
 * at which this thread looks all the time: so one clock tells how long the way was, with half of a
 * round trip R for the word.
 *
 * @module
 */
import { setImmediate, setTimeout } from "node:timers";
import { forAsync } from "../../mod.ts";
import { Layout, NODE_PARK } from "../../src/ring/layout.ts";
import type { OwnWork, Sample } from "../harness/types.ts";
import { type Carrier, openCarrier, startPeer } from "./peer_thread.ts";

/** What the other thread does when the event comes. */
export type Reader = "awake" | "asleep";

/** Which of the sorted latencies is told, as a share. */
export type Percentile = 0.5 | 0.99;

/** So many lone events at least: the p99 is not the worst of them. */
const LEAST = 400;
/** Lone events in a row to a thread that is awake, before the event loop has a turn. */
const BURST = 50;
const WARM_UP = 2_000;
/** What takes longer may need a turn of this thread's event loop. */
const PATIENCE_MS = 1;

/** A way to another thread. */
interface Way {
  /** Sends a lone event; from then on {@linkcode hasArrived} says whether it has been handled. */
  send(): void;
  hasArrived(): boolean;
  /** Whether the other thread sleeps, where that can be known. */
  isAsleep(): boolean;
}

/** Our bus, whose thread sleeps in one of two ways; the event is written in place. */
export async function ourLatency(
  park: "async" | "block",
  reader: Reader,
  percentile: Percentile,
): Promise<OwnWork> {
  const handlers = new URL("./thread_handlers.ts", import.meta.url);
  const bus = forAsync<{ ping: Uint8Array }>({ handlers, threads: 1, park });
  await bus.ready;
  let words: Int32Array = new Int32Array(1);
  let at = 0;
  const sleeps = new Layout(1, 0).node(1) + NODE_PARK;
  const fill = (bytes: Uint8Array, offset: number) => {
    if (words.length === 1) words = new Int32Array(bytes.buffer);
    at = offset >> 2;
    words[at] = 0;
  };
  return createOwnWork({
    send: () => bus.write("ping", 4, fill),
    hasArrived: () => Atomics.load(words, at) !== 0,
    isAsleep: () => Atomics.load(words, sleeps) === 1,
  }, { reader, percentile });
}

/** What people write by hand. */
export async function peerLatency(
  carrier: Carrier,
  reader: Reader,
  percentile: Percentile,
): Promise<OwnWork> {
  const peer = await startPeer(new URL("./latency_thread.ts", import.meta.url));
  const words = new Int32Array(new SharedArrayBuffer(4));
  peer.thread.send({ memory: words.buffer });
  const post = await openCarrier(peer, carrier);
  const event = { type: "ping", data: new Uint8Array(4) };
  return createOwnWork({
    send() {
      words[0] = 0;
      post(event);
    },
    hasArrived: () => Atomics.load(words, 0) !== 0,
    isAsleep: () => true,
  }, { reader, percentile });
}

function createOwnWork(
  way: Way,
  { reader, percentile }: { reader: Reader; percentile: Percentile },
): OwnWork {
  return {
    async measure(seconds) {
      for (let i = 0; i < WARM_UP; i++) await once(way);
      const latencies: number[] = [];
      const end = performance.now() + seconds * 1_000;
      while (latencies.length < LEAST || performance.now() < end) {
        if (reader === "asleep") await fallAsleep(way);
        else if (latencies.length % BURST === 0) {
          await new Promise<void>((next) => setImmediate(next));
        }
        latencies.push(await once(way));
      }
      return pick(latencies, percentile);
    },
  };
}

/** Sends one, and gives the milliseconds until it was handled. */
function once(way: Way): number | Promise<number> {
  const start = performance.now();
  way.send();
  // Not at each turn: to read the clock takes as long as some events do.
  for (let i = 1; !way.hasArrived(); i++) {
    if (i % 1_024 === 0 && performance.now() > start + PATIENCE_MS) return onceInTurns(way, start);
  }
  return performance.now() - start;
}

async function onceInTurns(way: Way, start: number): Promise<number> {
  while (!way.hasArrived()) await new Promise<void>((resolve) => setImmediate(resolve));
  return performance.now() - start;
}

/** Waits until the other thread sleeps. */
async function fallAsleep(way: Way): Promise<void> {
  do await new Promise<void>((resolve) => setTimeout(resolve, 1)); while (!way.isAsleep());
}

function pick(latencies: number[], percentile: Percentile): Sample {
  const sorted = latencies.toSorted((a, b) => a - b);
  const value = sorted[Math.floor(sorted.length * percentile)]! * 1e6;
  return { min: value, median: value };
}
