/**
 * Redis Streams by ioredis alone.
 *
 * @module
 */
import { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import type { Rec } from "../../../src/message/mod.ts";
import { checked, type Client, newRec, PREFETCH, several } from "./client.ts";
import { newTopic, urlOf } from "./places.ts";

const GROUP = "bench";
/** Milliseconds that a read waits for entries. */
const BLOCK = 1_000;

/** A stream; with `gathers`, what is sent in the same turn of the event loop goes in one pipeline. */
export function openRedis(gathers: boolean): Client {
  const stream = newTopic();
  const commands = new Redis(urlOf("redis"), { enableAutoPipelining: gathers });
  const reading = new Redis(urlOf("redis"));
  return {
    publish: (payload, at) => commands.xadd(...entryOf(stream, newRec(payload, at))),

    async publishAll(payload, count) {
      const recs = several(newRec, payload, count);
      const all = recs.map((rec) => ["xadd", ...entryOf(stream, rec)]);
      const replies = await commands.pipeline(all).exec();
      for (const [error] of replies!) if (error !== null) throw error;
    },

    async consume(handle) {
      await commands.xgroup("CREATE", stream, GROUP, "0", "MKSTREAM");
      let isOver = false;
      let acking: Promise<unknown> = Promise.resolve();
      const loop = (async () => {
        while (!isOver) {
          const reply = await reading.callBuffer(
            ...["XREADGROUP", "GROUP", GROUP, "one", "COUNT", PREFETCH, "BLOCK", BLOCK] as const,
            ...["STREAMS", stream, ">"],
          );
          const entries = entriesOf(reply);
          if (entries.length === 0) continue;
          for (const [, fields] of entries) handle(checked(recOf(fields)));
          // While this is acked, the next are fetched.
          await acking;
          acking = commands.call("XACK", stream, GROUP, ...entries.map(([id]) => id));
        }
        await acking;
      })();
      return async () => {
        isOver = true;
        await loop;
      };
    },

    async close() {
      await commands.del(stream);
      commands.disconnect();
      reading.disconnect();
    },
  };
}

function entryOf(
  stream: string,
  { id, key, headers, payload, time }: Rec,
): [stream: string, ...rest: (string | Buffer)[]] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const named = ["id", id, "time", String(time), "key", key, "headers", JSON.stringify(headers)];
  return [stream, "*", ...named, "payload", bytes];
}

/** Pairs of a stream and its entries, or, in protocol 3, both in turn. */
function entriesOf(reply: unknown): [id: Buffer, fields: Buffer[]][] {
  if (!Array.isArray(reply)) return [];
  return Array.isArray(reply[0]) ? reply[0][1] : reply[1];
}

function recOf(fields: readonly Buffer[]): Rec {
  const found: Record<string, Buffer> = {};
  for (let at = 0; at < fields.length; at += 2) found[fields[at]!.toString()] = fields[at + 1]!;
  return {
    id: found.id!.toString(),
    key: found.key!.toString(),
    headers: JSON.parse(found.headers!.toString()),
    payload: found.payload!,
    time: Number(found.time!.toString()),
  };
}
