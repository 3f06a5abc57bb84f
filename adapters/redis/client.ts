/**
 * The part of a client of ioredis that is used: it is asked for connections like its own, and never
 * closed or blocked itself.
 */
export interface RedisClient {
  /** Whether it is one of a cluster, whose connections cannot be had one by one. */
  readonly isCluster?: boolean;
  /** Makes a client for the same server with some other options. */
  duplicate(options: RedisConnectionOptions): RedisConnection;
}

/** What a connection has that its client may have otherwise. */
export interface RedisConnectionOptions {
  /** Connects when it is asked to. */
  lazyConnect: true;
  /** What cannot be sent is refused, not kept. */
  enableOfflineQueue: false;
  /** What was sent is not sent again: it may have been stored. */
  autoResendUnfulfilledCommands: false;
  /** The keys are those of `prefix`. */
  keyPrefix: "";
  /** What is pushed and what is answered are told apart. */
  protocol: 3;
  /** Replies look alike with every version of the protocol. */
  replyMapping: "legacy";
  /** Connects again when it is asked to. */
  retryStrategy: null;
  /** Subscriptions are made anew by who needs them. */
  autoResubscribe: false;
  /** Milliseconds after which an attempt to connect is given up. */
  connectTimeout: number;
  /** Milliseconds without an answer after which it is given up. */
  socketTimeout: number;
}

/** The part of a connection that is used. */
export interface RedisConnection {
  /** `"wait"` and `"end"`: it can be connected; `"ready"`: it can be used. */
  readonly status: string;
  /** What the bytes come through. */
  readonly stream?: RedisStream;
  /** Resolves when it can be used. */
  connect(): Promise<void>;
  /** Ends it. */
  disconnect(): void;
  /** Sends a command; replies are bytes, numbers, arrays. */
  callBuffer(command: string, args: (string | number | Uint8Array)[]): Promise<unknown>;
  /** Sends commands together. */
  pipeline(commands: unknown[][]): RedisPipeline;
  /** Adds a listener. */
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Commands that are sent together. */
export interface RedisPipeline {
  /** Resolves with an error or a reply for each. */
  exec(): Promise<[error: Error | null, result: unknown][] | null>;
}

/** A stream that can be told to wait. */
export interface RedisStream {
  /** Takes nothing more for now. */
  pause(): unknown;
  /** Goes on. */
  resume(): unknown;
}
