/**
 * The part of a connection of `@nats-io/transport-node`, or another transport of nats.js, that is used. It
 * is never closed or drained here unless it was made from a URL.
 */
export interface NatsClient {
  /** What the server said when the connection was made. */
  readonly info?: { readonly max_payload: number; readonly version: string };
  /** Whether it is closed for good. */
  isClosed(): boolean;
  /** Resolves when it is closed for good, with why. */
  closed(): Promise<void | Error>;
  /** Resolves when the server has got all that was sent. */
  flush(): Promise<void>;
  /** Milliseconds that an answer takes. */
  rtt(): Promise<number>;
  /** What happens to it. */
  status(): AsyncIterable<{ readonly type: string }>;
  /** Sends without being told whether anybody gets it. */
  publish(subject: string, payload?: Uint8Array, options?: object): void;
  /** Hears of a subject. */
  subscribe(subject: string, options?: object): NatsSubscription;
  /** Ends it. */
  close(): Promise<void>;
}

/** The part of a subscription that is used. */
export interface NatsSubscription {
  /** Ends it. */
  unsubscribe(): void;
}
