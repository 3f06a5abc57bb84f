import { type Codec, fields } from "../message/codec.ts";
import { PublishError } from "../message/errors.ts";
import type { Message } from "../message/message.ts";
import { checkHeaders } from "../message/names.ts";
import type { Rec } from "../message/rec.ts";
import { refuse } from "../options/refusal.ts";

/**
 * The records of all messages.
 *
 * @throws {PublishError} If the codec refuses a message: that one is rejected, the others are not attempted.
 * @throws {TypeError | RangeError} If the metadata of a message cannot be carried by every broker.
 */
export function encodeAll(codec: Codec, topic: string, messages: readonly Message[]): Rec[] {
  const recs: Rec[] = [];
  const context = { topic };
  for (let index = 0; index < messages.length; index++) {
    let rec: Rec;
    try {
      rec = codec.encode(messages[index]!, context);
      if (codec !== fields) checkRec(rec);
    } catch (cause) {
      throw refusal(topic, messages.length, index, cause);
    }
    if (rec.headers.length > 0) checkHeaders(`publish message ${index}`, rec.headers);
    recs.push(rec);
  }
  return recs;
}

function refusal(topic: string, size: number, refused: number, cause: unknown): PublishError {
  const failed = Array.from({ length: size }, (_, index) => ({
    index,
    cause,
    outcome: index === refused ? "rejected" as const : "not-attempted" as const,
  }));
  return new PublishError(topic, failed, size);
}

/** A codec from outside is not trusted to be typed. */
function checkRec(rec: Rec): void {
  const action = "publish what the codec made";
  if (typeof rec !== "object" || rec === null) refuse(action, "record", "an object", rec);
  const { id, key, headers, payload, time } = rec;
  if (typeof id !== "string" || id === "") refuse(action, "id", "a text that is not empty", id);
  if (typeof key !== "string") refuse(action, "key", "a string", key);
  if (!Array.isArray(headers)) refuse(action, "headers", "an array of pairs", headers);
  if (!(payload instanceof Uint8Array)) refuse(action, "payload", "a Uint8Array", payload);
  if (!Number.isFinite(time)) refuse(action, "time", "milliseconds since 1970", time);
}
