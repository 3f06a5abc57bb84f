/**
 * BullMQ: a queue on Redis. Its messages are values of JSON.
 *
 * @module
 */
import { load } from "../package_folder.ts";
import { type Client, PREFETCH } from "./client.ts";
import { BULLMQ, newTopic, urlOf } from "./places.ts";

interface Data {
  readonly text: string;
  readonly tenant: string;
}

/** The part of the package that is used. */
interface Bullmq {
  readonly Queue: new (name: string, options: object) => {
    add(name: string, data: Data, options: object): Promise<unknown>;
    addBulk(jobs: { name: string; data: Data; opts: object }[]): Promise<unknown>;
    obliterate(options: object): Promise<unknown>;
    close(): Promise<unknown>;
  };
  readonly Worker: new (
    name: string,
    process: (job: { readonly data: Data }) => Promise<void>,
    options: object,
  ) => { waitUntilReady(): Promise<unknown>; close(): Promise<unknown> };
}

const DONE = { removeOnComplete: true };

/** A queue; a job that is done is removed. */
export function openBullmq(): Client {
  const { Queue, Worker } = load<Bullmq>(BULLMQ);
  const { hostname: host, port } = new URL(urlOf("redis"));
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const name = newTopic();
  const queue = new Queue(name, { connection });
  const dataOf = (payload: Uint8Array) => ({ text: "x".repeat(payload.length), tenant: "a" });
  const encoder = new TextEncoder();
  return {
    publish: (payload) => queue.add("message", dataOf(payload), DONE),
    publishAll(payload, count) {
      const jobs = Array.from({ length: count }, () => {
        return { name: "message", data: dataOf(payload), opts: DONE };
      });
      return queue.addBulk(jobs);
    },
    async consume(handle) {
      // deno-lint-ignore require-await -- It wants a promise.
      const worker = new Worker(name, async ({ data }) => handle(encoder.encode(data.text)), {
        connection,
        concurrency: PREFETCH,
      });
      await worker.waitUntilReady();
      return () => worker.close();
    },
    async close() {
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
}
