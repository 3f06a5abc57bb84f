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

/** Bytes of an answer that are read; a connection with more is closed. */
export const MAX_ANSWER = 65_536;
