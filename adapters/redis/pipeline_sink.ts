import type { Rec } from "@beat/beat/message";
import {
  checkPayload,
  rejectAll,
  sendEach,
  type SendItem,
  type SendResult,
  type Sink,
} from "@beat/beat/transport";
import type { Connection } from "./connection.ts";

/** What becomes of a record: the words of a command. What it throws refuses the record. */
export type Writer = (rec: Rec) => unknown[];

/** What a sink is made of. */
export interface SinkPlan {
  readonly connection: Connection;
  /** Bytes of a payload at most. */
  readonly maxPayload: number;
  /** What writes the records of a topic. */
  writerOf(topic: string): Promise<Writer>;
}

/** Sends one command per record, those of a topic in one pipeline at a time. */
export class PipelineSink implements Sink {
  readonly limits = { batch: 1_024, bytes: 4_194_304, lanes: Infinity };
  readonly #plan: SinkPlan;

  constructor(plan: SinkPlan) {
    this.#plan = plan;
  }

  lane(topic: string): string {
    return topic;
  }

  async send(lane: string, items: readonly SendItem[]): Promise<readonly SendResult[]> {
    const { connection, maxPayload, writerOf } = this.#plan;
    let write: Writer;
    try {
      write = await writerOf(lane);
      await connection.open();
    } catch (cause) {
      return rejectAll(items, cause);
    }
    const commands: unknown[][] = [];
    const sent: number[] = [];
    const results = sendEach(items, ({ rec }, at) => {
      checkPayload(rec, maxPayload);
      commands.push(write(rec));
      sent.push(at);
    });
    if (sent.length === 0) return results;
    const replies = await connection.callAll(commands);
    for (const [index, at] of sent.entries()) {
      const cause = replies[index]![0];
      if (cause !== null) results[at] = { cause, outcome: outcomeOf(cause) };
    }
    return results;
  }

  async close(): Promise<void> {}
}

/** What the server refused is not stored; what was on its way when the connection broke may be. */
function outcomeOf(cause: Error): "rejected" | "unknown" {
  const isAnswer = cause.name === "ReplyError";
  const isUnsent = cause.message.startsWith("Stream isn't writeable");
  return isAnswer || isUnsent ? "rejected" : "unknown";
}
