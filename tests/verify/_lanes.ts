import { forFlow, type ValueCodec } from "../../mod.ts";
import { type LaneHandle, reclaim, share } from "../../src/engines/lanes.ts";
import { seeded } from "../../src/ring/_stepped.ts";
import { startThread } from "../../src/runtime/threads.ts";
import { checksum, type TortureReport } from "./_checks.ts";
import type { Thread } from "../../src/runtime/thread.ts";

/** What a producer puts into an event. */
export interface Item {
  /** Which producer. */
  slot: number;
  /** Which lane of those that it has had one after the other. */
  stint: number;
  /** Counts its events. */
  number: number;
  bytes: number[];
  sum: number;
}

/** What a thread is to do. */
export interface Task {
  handle: LaneHandle;
  slot: number;
  seed: number;
  /** One of so many events kills it; none if it is 0. */
  deaths: number;
  /** For each slot, how many of its events were accepted, and whether it has died. */
  books: SharedArrayBuffer;
}

/** What it says at its end. */
export interface Done {
  slot: number;
  fault?: string;
}

/** JSON as bytes, which a lane carries as they are. */
export const JSON_BYTES: ValueCodec = {
  encode: (data) => new TextEncoder().encode(JSON.stringify(data)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
};

/** Most events that a producer writes at a time. */
export const BATCH = 5;
/** Slots that a round has. */
export const SLOTS = 4_096;

const THREADS = 3;

/** Options of {@linkcode feedLanes}. */
export interface LaneTortureOptions {
  seed: number;
  /** How many buses are fed one after the other. */
  rounds: number;
  /** Of how many events one kills its thread; never if it is 0. */
  deaths: number;
  /** Whether threads are ended from outside, where that ends them. */
  kills: boolean;
}

/**
 * Lets threads that come, go and die feed a bus until it drains or closes, and looks whether each
 * event that was accepted, and no other, has been handled once and in its order.
 */
export async function feedLanes(options: LaneTortureOptions): Promise<TortureReport> {
  const random = seeded(options.seed);
  const faults: string[] = [];
  let jobs = 0;
  for (let round = 0; round < options.rounds; round++) {
    jobs += await runRound(options, round, random, faults);
  }
  return { jobs, inDoubt: 0, faults };
}

async function runRound(
  { deaths, kills }: LaneTortureOptions,
  round: number,
  random: () => number,
  faults: string[],
): Promise<number> {
  const books = new SharedArrayBuffer(SLOTS * 8);
  const words = new Int32Array(books);
  const seen: Set<number>[] = [];
  const last = new Map<string, number>();
  const bus = forFlow({ batchTimeout: 0, shards: 2, capacity: 512, stages: [(items) => items] });
  bus.on("**", ({ data }) => {
    const { slot, stint, number, bytes, sum } = data as Item;
    if (checksum(bytes) !== sum) faults.push(`${number} of ${slot} has a wrong checksum`);
    // A lane has an order; there is none between two that a thread has had.
    const before = last.get(`${slot} ${stint}`) ?? -1;
    if (number <= before) faults.push(`${number} of ${slot} came after ${before}`);
    last.set(`${slot} ${stint}`, number);
    const numbers = seen[slot] ??= new Set();
    if (numbers.has(number)) faults.push(`${number} of ${slot} came twice`);
    numbers.add(number);
  });
  // Fewer lanes than threads, so that these compete; one for each where threads are killed.
  // In every third round the data come as views of what was copied, by way of a codec.
  const isPooled = round % 3 === 2;
  const data = isPooled ? { pooled: true, valueCodec: JSON_BYTES } : {};
  const laneOptions = { capacity: 4_096, blockTimeout: 60_000, ...data };
  const common = share(bus, { ...laneOptions, producers: THREADS - 1 });
  const pens = Array.from({ length: THREADS }, () => {
    const handle = kills ? share(bus, { ...laneOptions, producers: 1 }) : common;
    return new Pen(handle, deaths, random, books);
  });
  for (const pen of pens) pen.start();
  // The first thread has written something, or has died of its very first event.
  while (words[0] === 0 && Atomics.load(words, 1) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const end = performance.now() + 50 + random() * 200;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1 + random() * 5));
    const { emitted, processed, dropped } = bus.stats();
    if (processed + dropped > emitted) faults.push(`${emitted} < ${processed} + ${dropped}`);
    for (const pen of pens) await pen.replaceDead(kills && random() < 0.1);
  }
  let discarded = 0;
  if (round % 2 === 0) await bus.drain({ timeout: 60_000 });
  else ({ discarded } = await bus.close({ timeout: 60_000 }));
  for (const pen of pens) faults.push(...await pen.end());
  let accepted = 0;
  let unsure = 0;
  let handled = 0;
  for (let slot = 0; slot < Pen.slots; slot++) {
    const [count, times] = [words[2 * slot], seen[slot]?.size ?? 0];
    const spare = words[2 * slot + 1] === 2 ? BATCH : 0;
    accepted += count;
    unsure += spare;
    handled += times;
    const least = discarded > 0 ? 0 : count;
    if (times < least || times > count + spare) {
      faults.push(`round ${round}: ${times} of ${count} events of ${slot} were handled`);
    }
  }
  if (handled + discarded < accepted || handled + discarded > accepted + unsure) {
    faults.push(`round ${round}: ${accepted} ≠ ${handled} + ${discarded}`);
  }
  const { emitted, processed, dropped } = bus.stats();
  if (emitted !== processed + dropped) faults.push(`${emitted} ≠ ${processed} + ${dropped}`);
  Pen.slots = 0;
  return handled;
}

/** Keeps one thread at work, and replaces it when it has died. */
class Pen {
  static slots = 0;
  readonly #handle: LaneHandle;
  readonly #deaths: number;
  readonly #random: () => number;
  readonly #books: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #faults: string[] = [];
  #thread: Thread | undefined;
  #slot = 0;
  #done: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(
    handle: LaneHandle,
    deaths: number,
    random: () => number,
    books: SharedArrayBuffer,
  ) {
    this.#handle = handle;
    this.#deaths = deaths;
    this.#random = random;
    this.#books = books;
    this.#words = new Int32Array(books);
  }

  start(): void {
    const slot = this.#slot = Pen.slots++;
    this.#done = Promise.withResolvers();
    const task: Task = {
      handle: this.#handle,
      slot,
      seed: Math.floor(this.#random() * 2 ** 31),
      deaths: this.#deaths,
      books: this.#books,
    };
    const thread = this.#thread = startThread(new URL("./_lanes_thread.ts", import.meta.url), {
      onMessage: (message) => {
        if (message === "ready") return thread.send(task);
        const { fault } = message as Done;
        if (fault !== undefined) this.#faults.push(fault);
        this.#done.resolve();
      },
      onError: () => {},
      onEnd: () => {},
    });
  }

  /** Starts a thread in the place of one that has died, or that is to. */
  async replaceDead(isToDie: boolean): Promise<void> {
    const word = 2 * this.#slot + 1;
    if (isToDie && Atomics.load(this.#words, word) === 0) {
      const isGone = await this.#thread!.terminate();
      Atomics.store(this.#words, word, 2);
      if (isGone) reclaim(this.#handle);
    }
    if (Atomics.load(this.#words, word) > 0) this.start();
  }

  /** Waits until the thread has no bus any more; gives what went wrong. */
  async end(): Promise<string[]> {
    const hasDied = async () => {
      while (Atomics.load(this.#words, 2 * this.#slot + 1) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await Promise.race([this.#done.promise, hasDied()]);
    Atomics.compareExchange(this.#words, 2 * this.#slot + 1, 0, 1);
    await this.#thread!.terminate();
    return this.#faults;
  }
}
