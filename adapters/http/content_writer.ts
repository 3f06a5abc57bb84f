import {
  BATCH_TYPE,
  cloudEvents,
  type CloudEventsCodec,
  encodeBatch,
  writeEvent,
} from "@beat/beat/marshal";
import { fields, type Rec } from "@beat/beat/message";
import type { Content, WebhookMode } from "./content.ts";
import { writeHeaders, writePlain } from "./plain.ts";

/** How records are written. */
export interface ContentOptions {
  readonly mode: WebhookMode;
  /** Needed for CloudEvents. */
  readonly source?: string | undefined;
  readonly onUnmappable?: "error" | "drop" | undefined;
}

/** Puts a record, or an array of them where the mode is a batch, into a request. */
export interface ContentWriter {
  /** @throws {TypeError | RangeError} If the record does not fit into the format. */
  write(topic: string, rec: Rec): Content;
  /** Several as one; only for batches. */
  join(contents: readonly Content[]): Content;
}

/** @throws {TypeError | RangeError} If the source is none. */
export function contentWriter(options: ContentOptions): ContentWriter {
  const { mode, source = "", onUnmappable = "error" } = options;
  if (mode === "plain") return { write: (_topic, rec) => writePlain(rec), join: first };
  if (mode === "headers") return { write: (_topic, rec) => writeHeaders(rec), join: first };
  const codec = cloudEvents({ source, binding: "http", onUnmappable });
  if (mode === "cloudevents-batch") return batchWriter(codec);
  const form = mode === "cloudevents-structured" ? "structured" : "binary";
  return {
    write(topic, rec) {
      const event = codec.toEvent(fields.decode(rec, { topic }), { topic });
      const { headers, payload } = writeEvent(event, "http", { mode: form });
      return { headers, body: payload };
    },
    join: first,
  };
}

/** Each event is written as it comes, so that one that does not fit fails alone. */
function batchWriter(codec: CloudEventsCodec): ContentWriter {
  const headers = [["content-type", BATCH_TYPE]] as const;
  return {
    write(topic, rec) {
      const event = codec.toEvent(fields.decode(rec, { topic }), { topic });
      return { headers, body: encodeBatch([event]) };
    },
    join(contents) {
      const size = contents.reduce((sum, { body }) => sum + body.length - 1, 1);
      const body = new Uint8Array(size);
      let at = 0;
      for (const content of contents) {
        // The bracket that closes one array becomes the comma before the items of the next.
        body.set(content.body.subarray(at === 0 ? 0 : 1), at);
        at += content.body.length - (at === 0 ? 0 : 1);
        body[at - 1] = COMMA;
      }
      body[at - 1] = CLOSE_ARRAY;
      return { headers, body };
    },
  };
}

const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;

function first([content]: readonly Content[]): Content {
  return content!;
}
