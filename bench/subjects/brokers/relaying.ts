/**
 * Rows of an outbox on their way to a broker, loaded by the process that measures one subject. The broker
 * takes everything at once, so that all the time is the relay's.
 *
 * @module
 */
import { migrate, publishInTx, relay } from "@beat/sql";
import process from "node:process";
import type { Message, Publisher } from "../../../src/message/mod.ts";
import type { OwnWork } from "../../harness/types.ts";
import { newMessage, several } from "./client.ts";
import { Laps } from "./consuming.ts";
import { openDatabase } from "./databases.ts";
import { spread } from "./pacing.ts";
import { type BrokerName, BROKERS } from "./places.ts";

const LAPS = 16;
const LEAST = 128;
const TOPIC = "orders";
/** Messages of a transaction while the outbox is filled. */
const CALL = 100;
const BYTES = 64;
/** Transactions that commit in a second, with a message each, and how many of them. */
const PACE = 100;
const COMMITS = 1_000;

/** How many rows a second it brings there. */
export function relaying(name: BrokerName): OwnWork {
  return {
    async measure(seconds) {
      const { tables, close } = await openOutbox(name);
      const { connection, prefix } = tables;
      const length = Math.max(LEAST, Math.round(BROKERS[name].supply * seconds / LAPS / 4));
      // The queue is there before the rows are.
      await (await relay({ ...tables, publisher: taking(() => {}) })).close();
      const payload = new Uint8Array(BYTES).fill(97);
      for (let left = length * LAPS; left > 0; left -= CALL) {
        const messages = several(newMessage, payload, Math.min(CALL, left));
        await connection.transaction((session) =>
          publishInTx(session, TOPIC, messages, { prefix })
        );
      }
      const laps = new Laps(length, LAPS);
      const publisher = taking((message) => laps.count(message.payload.length === BYTES));
      const running = await relay({ ...tables, publisher });
      await laps.done;
      const sample = laps.sample();
      await running.close();
      await close();
      return sample;
    },
  };
}

/** How long after its commit a row is with the publisher, where no more come than a relay can bring. */
export function delaying(name: BrokerName): OwnWork {
  return {
    async measure(seconds) {
      const { tables, close } = await openOutbox(name);
      const { connection, prefix } = tables;
      const count = Math.ceil(COMMITS * Math.min(1, seconds));
      const committed = new Map<string, number>();
      const arrived = new Map<string, number>();
      const took: number[] = [];
      const all = Promise.withResolvers<void>();
      const note = (times: Map<string, number>, { uuid }: Message) => {
        times.set(uuid, performance.now());
        const [from, to] = [committed.get(uuid), arrived.get(uuid)];
        if (from === undefined || to === undefined) return;
        // It may be there before the one who has committed hears of the commit.
        took.push(Math.max(0, to - from));
        if (took.length === count) all.resolve();
      };
      const publisher = taking((message) => note(arrived, message));
      const running = await relay({ ...tables, publisher });
      for (let at = 0; at < count; at++) {
        const message = newMessage(new Uint8Array(BYTES), at);
        await connection.transaction((session) => publishInTx(session, TOPIC, message, { prefix }));
        note(committed, message);
        await new Promise((resolve) => setTimeout(resolve, 1_000 / PACE));
      }
      await all.promise;
      await running.close();
      await close();
      return spread(took);
    },
  };
}

/** A database with tables that no other process has. */
async function openOutbox(name: BrokerName) {
  const { connection, close } = await openDatabase(name);
  const prefix = `outbox_${process.pid}_${Date.now().toString(36)}_`;
  await migrate(connection, { prefix });
  return { tables: { connection, prefix }, close };
}

/** A publisher that confirms at once. */
function taking(take: (message: Message) => void): Publisher {
  return {
    publish(_topic, messages) {
      for (const message of [messages].flat() as Message[]) take(message);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
