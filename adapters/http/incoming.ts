import {
  cloudEvents,
  contentModeOf,
  decodeBatch,
  DecodeError,
  readEvent,
} from "@beat/beat/marshal";
import { fields, type Message, type Rec } from "@beat/beat/message";
import { Refusal } from "./answer.ts";
import { MalformedError } from "./errors.ts";
import { readPlain } from "./plain.ts";
import { withTraceOf } from "./trace_headers.ts";

/** A record of a request, and where it belongs. */
export interface Incoming {
  readonly topic: string;
  readonly rec: Rec;
  /** By what it is known again: its topic and its id, for an event with the source that gave the id. */
  readonly identity: string;
}

/** How requests are read. */
export interface ReadingRules {
  /** The topic of an event; of the last segment of the path where it is left out. */
  readonly topicOf: ((message: Message, headers: Headers) => string) | undefined;
  /** Headers of plain requests that become metadata, in lower case. */
  readonly headers: readonly string[];
  /** How deep JSON may be. */
  readonly maxDepth: number;
}

/** Who sends one of them means an event, which always has both. */
const EVENT_HEADERS = ["ce-specversion", "ce-id"];

/** Events in a batch at most. */
const MAX_BATCH = 100;

/** The way back from an event; what it would write is never asked for. */
const EVENTS = cloudEvents({ source: "/", binding: "http" });

/**
 * Reads what a request holds: one record, or those of a batch.
 *
 * @throws {Refusal} 400 if it holds none.
 */
export function readIncoming(
  request: Request,
  body: Uint8Array,
  signedId: string | undefined,
  rules: ReadingRules,
): Incoming[] {
  const { headers } = request;
  const path = lastSegment(request.url);
  try {
    return readRecords(headers, body, signedId, path, rules).map(({ rec: carried, source }) => {
      const rec = withTraceOf(headers, carried);
      const topic = rules.topicOf?.(fields.decode(rec, { topic: path }), headers) ?? path;
      return { topic, rec, identity: JSON.stringify([topic, rec.id, source]) };
    });
  } catch (error) {
    if (error instanceof DecodeError || error instanceof MalformedError) {
      throw new Refusal(400, error.message);
    }
    throw error;
  }
}

/** A record, and for an event who gave it its id: another source may give the same (CloudEvents 1.0.2, `id`). */
interface Read {
  readonly rec: Rec;
  readonly source?: string;
}

function readRecords(
  headers: Headers,
  body: Uint8Array,
  signedId: string | undefined,
  topic: string,
  { headers: copied, maxDepth }: ReadingRules,
): Read[] {
  const mode = contentModeOf(headers.get("content-type") ?? undefined);
  if (mode === "binary" && !EVENT_HEADERS.some((name) => headers.has(name))) {
    return [{ rec: readPlain(headers, body, signedId, copied) }];
  }
  const events = mode === "batch"
    ? decodeBatch(body, { maxDepth })
    : [readEvent({ headers: [...headers], payload: body }, "http", { maxDepth })];
  if (events.length > MAX_BATCH) {
    throw new MalformedError(
      `Batch must have at most ${MAX_BATCH} events: it has ${events.length}`,
    );
  }
  return events.map((event) => ({
    rec: fields.encode(EVENTS.toMessage(event, { topic }), { topic }),
    source: event.source,
  }));
}

/** The topic in a path; `""`, which is no topic, if there is none. */
function lastSegment(url: string): string {
  const { pathname } = new URL(url);
  try {
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1));
  } catch {
    return "";
  }
}
