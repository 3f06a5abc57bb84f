/**
 * Messages that are consumed from a broker, loaded by the process that measures one subject.
 *
 * @module
 */
import process from "node:process";
import { summarize } from "../../harness/timer.ts";
import type { OwnWork, Sample } from "../../harness/types.ts";
import type { Client } from "./client.ts";
import { openClient, type Who } from "./clients.ts";
import { type BrokerName, BROKERS } from "./places.ts";

const SAMPLES = 12;
/** The first ones warm up. */
const WARM = 4;
/** Messages of a sample at least: several fetches. */
const LEAST = 1_024;
const CALL = 1_000;
/** Milliseconds after which what has not come is lost; the first of a long queue take their time. */
const PATIENCE = 90_000;

/** Fills a topic, then consumes all of it without a pause: a sample is the time of so many messages in a row. */
export async function consuming(name: BrokerName, who: Who, size: number): Promise<OwnWork> {
  const client = await openClient(name, who, false);
  return {
    async measure(seconds) {
      const length = Math.max(LEAST, Math.round(BROKERS[name].supply * seconds / SAMPLES));
      await fill(client, new Uint8Array(size).fill(97), length * (SAMPLES + WARM));
      const lap = new Laps(length, SAMPLES + WARM);
      const end = await client.consume(({ length }) => lap.count(length === size));
      await lap.done;
      const sample = lap.sample();
      await end();
      return sample;
    },
    end: async () => void await client.close(),
  };
}

/** Publishes so many messages, large calls one after the other. */
export async function fill(client: Client, payload: Uint8Array, count: number): Promise<void> {
  for (let left = count; left > 0; left -= CALL) {
    await client.publishAll(payload, Math.min(CALL, left));
  }
}

/** A stopwatch that is pressed by every so many messages. */
export class Laps {
  readonly #length: number;
  readonly #most: number;
  readonly #times: number[] = [];
  readonly #done = Promise.withResolvers<void>();
  readonly #timer: ReturnType<typeof setTimeout>;
  #count = 0;
  #before = process.cpuUsage();

  constructor(length: number, most: number) {
    this.#length = length;
    this.#most = most;
    this.#timer = setTimeout(() => this.#fail(`only ${this.#count} came`), PATIENCE);
  }

  /** Resolves when all of them have come. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** One has come, whole or not. */
  count(isWhole: boolean): void {
    if (!isWhole) return this.#fail("a payload of another length came");
    if (++this.#count % this.#length !== 0) return;
    this.#times.push(performance.now());
    if (this.#times.length === WARM + 1) this.#before = process.cpuUsage();
    if (this.#times.length === this.#most) {
      clearTimeout(this.#timer);
      this.#done.resolve();
    } else if (this.#times.length > this.#most) {
      this.#fail("more came than were sent");
    }
  }

  /** Nanoseconds of a message, and its processor time in this process; the first laps warm up. */
  sample(): Sample {
    const { user, system } = process.cpuUsage(this.#before);
    const times = this.#times.slice(WARM);
    const laps = times.slice(1).map((time, at) => (time - times[at]!) * 1e6 / this.#length);
    const beside = { "CPU µs": (user + system) / (laps.length * this.#length) };
    return { ...summarize(laps), beside };
  }

  #fail(reason: string): void {
    this.#done.reject(new Error(`Of ${this.#length * this.#most} messages ${reason}`));
  }
}
