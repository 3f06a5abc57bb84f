/** How a topic is made. What a broker cannot do rejects and names the field. */
export interface TopicConfig {
  /** Lanes that keep the order of a key. */
  partitions?: number;
  /** Copies. */
  replicas?: number;
  /** Milliseconds that records are kept. */
  retentionMs?: number;
  /** Bytes that are kept. */
  retentionBytes?: number;
  /** Records that are kept. */
  maxMessages?: number;
  /** Whether records survive the broker's process. */
  persistence?: "persistent" | "ephemeral";
  /** The codec of the broker's storage. */
  compression?: string;
}

/** Creates and changes topics; found on a transport that can. */
export interface TopicAdmin {
  /** Creates a topic, once however many call at the same time. */
  create(topic: string, config?: TopicConfig): Promise<"created" | "exists">;
  /** Changes a topic; resolves with the names of the fields that it changed. */
  update(topic: string, config: TopicConfig): Promise<readonly string[]>;
  /** How a topic is made; `undefined` if there is none. */
  describe(topic: string): Promise<TopicConfig | undefined>;
  /** The names of all topics. */
  list(): Promise<readonly string[]>;
  /** Removes a topic with what it holds; tells whether there was one. */
  remove(topic: string): Promise<boolean>;
  /** Removes a consumer group with its position; tells whether there was one. */
  removeGroup(topic: string, group: string): Promise<boolean>;
}

/** How far behind the end of a lane a consumer is. */
export interface LaneLag {
  /** The lane. */
  readonly lane: string;
  /** Records that were published and not settled. */
  readonly lag: number;
  /** When it was measured, in milliseconds since 1970. */
  readonly measuredAt: number;
}

/** Tells how far behind its consumers are; found on what can. */
export interface LagReporter {
  /** One entry per lane. */
  lag(): Promise<readonly LaneLag[]>;
}

/** Whether a broker answers. */
export interface Health {
  /** Whether it did. */
  readonly ok: boolean;
  /** Milliseconds that it took. */
  readonly latencyMs: number;
  /** Why it did not. */
  readonly cause?: unknown;
}

/** Asks the broker whether it is there; found on a transport that can. */
export interface HealthReporter {
  /** Never rejects. */
  health(options?: { signal?: AbortSignal }): Promise<Health>;
}

/** What happened to a connection. */
export interface ConnectionEvent {
  /** `"lost"`: it will come back by itself or be made anew. `"failed"`: this source is of no use any more. */
  readonly kind: "connected" | "lost" | "recovered" | "failed";
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** Why. */
  readonly cause?: unknown;
}

/** Tells what happens to its connections; found on what can. */
export interface ConnectionEvents {
  /** Adds a listener; what it returns takes it away. */
  onConnection(listener: (event: ConnectionEvent) => void): () => void;
}
