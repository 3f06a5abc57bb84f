/** Fields of a payload that people have written. */
const PROSE = new Set(["title", "body", "message", "description"]);

/** The events of the bus that spans threads. */
export interface ThreadedEvents {
  /** The bytes of a delivery, as GitHub posts them. */
  "webhook.received": Uint8Array;
  "webhook.parsed": Parsed;
  "webhook.indexed": Indexed;
  /** A thread serves; its number. */
  "thread.started": number;
}

/** What is left of a delivery once it is hashed and parsed. */
export interface Parsed {
  /** SHA-256 of its bytes. */
  digest: string;
  /** What people have written in it. */
  texts: string[];
  /** The thread that has hashed and parsed it. */
  thread: number;
}

/** What the index gets of a delivery. */
export interface Indexed {
  digest: string;
  words: string[];
  /** The threads that have done it: one has parsed it, the one of its repository has indexed it. */
  parsedBy: number;
  indexedBy: number;
}

/** The repository of a payload: its events are indexed in their order. */
export function repositoryOf(payload: { repository?: { full_name: string } }): string {
  return payload.repository?.full_name ?? "";
}

/** What people have written in a payload, however deep. */
export function textsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === "string" && PROSE.has(name) ? [inner] : textsOf(inner)
  );
}

/** The different words of texts, in small letters. */
export function wordsOf(texts: readonly string[]): string[] {
  return [...new Set(texts.join("\n").toLowerCase().match(/\p{L}{3,}/gu))];
}
