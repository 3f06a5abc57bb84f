/**
 * A relay, or a consumer, of {@linkcode verifyOutbox}: it goes on until it is killed.
 *
 * @module
 */

import type { Message, Store } from "@beat/beat/message";
import { memoryStore, once } from "@beat/beat/middleware";
import { consume } from "@beat/beat/transport";
import process from "node:process";
import { redisStore } from "../../adapters/redis/mod.ts";
import { onceInTx, relay, sqlPublisher, sqlStore, sqlTransport } from "../../adapters/sql/mod.ts";
import { MEMBER, openPlace, type Places } from "./_outbox_places.ts";

const [role, store, words] = process.argv.slice(2) as [string, string, string];
const places: Places = JSON.parse(words);
const TIMES = { lease: 1_000, pollInterval: 10, timeout: 20_000 };

const { tables } = await openPlace(places, "broker");
const broker = { ...tables, ...TIMES };
if (role === "relay") {
  const outbox = await openPlace(places, "outbox");
  await relay({ ...outbox.tables, ...TIMES, publisher: sqlPublisher(broker) });
} else {
  const act = await actor();
  await consume(sqlTransport(broker), act, {
    ...MEMBER,
    ordered: "key",
    workers: 16,
    prefetch: 64,
    retry: { maxRetries: Number.MAX_SAFE_INTEGER, initialDelay: 10, maxDelay: 500 },
  });
}

console.log("ready");

/** What a consumer does with a message: its effect is a row. */
async function actor(): Promise<(messages: readonly Message[]) => Promise<void>> {
  const { tables: { connection, prefix } } = await openPlace(places, "effects");
  const insert = `INSERT INTO ${prefix}rows (id) VALUES (?)`;
  const idOf = (message: Message) => Number(message.text());
  const settle = (message: Message, result: { kind: string; retryAfter?: number }) => {
    if (result.kind === "in-flight") message.nack({ delay: result.retryAfter! });
  };
  if (store === "sql") {
    const marks = sqlStore(connection, { prefix });
    return async ([message]) => {
      const values = [idOf(message!)];
      const act = () => onceInTx(marks, message!.uuid, (_tx, tx) => tx.query(insert, values));
      settle(message!, await act());
    };
  }
  const remembered: Store = store === "memory"
    ? memoryStore()
    : redisStore({ url: process.env.BEAT_REDIS_URL!, prefix });
  return async ([message]) => {
    const act = async () => void await connection.query(insert, [idOf(message!)]);
    settle(message!, await once(remembered, message!.uuid, act, { lease: 1_000 }));
  };
}
