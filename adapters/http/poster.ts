/** A request that is ready to be sent. */
export interface Post {
  /** Path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  /** `Retry-After` as it was written. */
  readonly retryAfter: string | undefined;
  /** The first {@linkcode KEPT} bytes of its body. */
  readonly beginning: Beginning;
}

/** Takes requests to one endpoint. It follows no redirect. */
export interface Poster {
  /**
   * Resolves with the answer, whose body was read to its end or to {@linkcode MAX_ANSWER} bytes.
   * `attempt` (1 is the first) chooses among the addresses of the endpoint.
   */
  post(post: Post, attempt: number, signal: AbortSignal): Promise<Answer>;
  /** Closes connections. */
  close(): void;
}

/** Bytes of an answer that are kept for who asks why it was no success. */
export const KEPT = 1_024;

/** The first bytes of a body, as they come. */
export class Beginning {
  readonly #chunks: Uint8Array[] = [];
  #room = KEPT;

  /** Keeps of a chunk what there is room for. */
  add(chunk: Uint8Array): void {
    if (this.#room === 0) return;
    const kept = chunk.slice(0, this.#room);
    this.#room -= kept.length;
    this.#chunks.push(kept);
  }

  /** Them as one line; "" if there is none. What is no text is replaced, a character that was cut left out. */
  get text(): string {
    const decoder = new TextDecoder();
    const text = this.#chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
    return text.replace(/[\s\p{Control}]+/gu, " ").trim();
  }
}

/** Bytes of an answer that are read; a connection with more is closed. */
export const MAX_ANSWER = 65_536;
