import type { Rec } from "@beat/beat/message";
import { checkPayload, sendBy, type Sink } from "@beat/beat/transport";
import type { Command, Connection } from "./connection.ts";

/** What becomes of a record: a command. What it throws refuses the record. */
export type Writer = (rec: Rec) => Command;

/** What a sink is made of. */
export interface SinkPlan {
  readonly connection: Connection;
  /** Bytes of a payload at most. */
  readonly maxPayload: number;
  /** What writes the records of a topic. */
  writerOf(topic: string): Promise<Writer>;
}

/** Sends one command per record, those of a topic together, and one such pipeline at a time. */
export function pipelineSink({ connection, maxPayload, writerOf }: SinkPlan): Sink {
  return {
    limits: { batch: 1_024, bytes: 4_194_304, lanes: Infinity },
    lane: (topic) => topic,
    send: (lane, items) =>
      sendBy(items, async () => {
        const write = await writerOf(lane);
        await connection.open();
        return {
          write({ rec }) {
            checkPayload(rec, maxPayload);
            return write(rec);
          },
          async send(commands) {
            const replies = await connection.callAll(commands);
            return replies.map(([cause]) =>
              cause ? { cause, outcome: outcomeOf(cause) } : undefined
            );
          },
        };
      }),
    close: () => Promise.resolve(),
  };
}

/** What the server refused is not stored; what was on its way when the connection broke may be. */
function outcomeOf(cause: Error): "rejected" | "unknown" {
  const isAnswer = cause.name === "ReplyError";
  const isUnsent = cause.message.startsWith("Stream isn't writeable");
  return isAnswer || isUnsent ? "rejected" : "unknown";
}
