import type { Buffer } from "node:buffer";

/**
 * Makes clients of `@platformatic/kafka`. They are made for the transport that asks for them, which closes
 * them; what it asks for must not be left out, TLS, SASL and the like may be added.
 */
export interface KafkaClients {
  /** Makes a client for topics and groups: `new Admin({ bootstrapBrokers, sasl, ...options })`. */
  admin(options: KafkaClientOptions): KafkaAdmin;
  /** Makes a client that consumes: `new Consumer({ bootstrapBrokers, sasl, ...options })`. */
  consumer(options: KafkaConsumerOptions): KafkaConsumer;
  /** Makes a client that produces: `new Producer({ bootstrapBrokers, sasl, ...options })`. */
  producer(options: KafkaProducerOptions): KafkaProducer;
}

/** What every client is asked to be. */
export interface KafkaClientOptions {
  /** What brokers call it. */
  clientId: string;
  /** Milliseconds that a connection may take. */
  connectTimeout: number;
  /** Milliseconds that an answer may take. */
  requestTimeout: number;
  /** How often something is tried again that may go well then. */
  retries: number;
  /** Milliseconds until it is. */
  retryDelay: (client: object, operation: string, attempt: number) => number;
}

/** What a client is asked to be that consumes. */
export interface KafkaConsumerOptions extends KafkaClientOptions {
  /** The group that it may join. */
  groupId: string;
  /** Reads what is not committed, too: 0. */
  isolationLevel: number;
  /** Milliseconds without a sign of life after which the group goes on without it. */
  sessionTimeout: number;
  /** Milliseconds that members have when partitions are shared out anew. */
  rebalanceTimeout: number;
  /** Milliseconds between two signs of life. */
  heartbeatInterval: number;
  /** Milliseconds without an answer to them after which `consumer:heartbeat:stalled` is told. */
  heartbeatStallTimeout: number;
  /** Called, and waited for, before it joins. */
  protocolsMetadata: () => Promise<Buffer>;
}

/** What a client is asked to be that produces. */
export interface KafkaProducerOptions extends KafkaClientOptions {
  /** What is sent twice is stored once. */
  idempotent: boolean;
}

/** The part of every client that is used. */
export interface KafkaClient {
  /** What it knows of topics without asking. */
  readonly currentMetadata?: KafkaMetadata | undefined;
  /** Looks up topics. */
  metadata(options: {
    topics: string[];
    retries?: number;
    forceUpdate?: boolean;
  }): Promise<KafkaMetadata>;
  /** Ends it. */
  close(): Promise<void>;
  /** Adds a listener. */
  on(event: string, listener: (event: never) => void): unknown;
}

/** What is told of a connection to a broker. */
export interface KafkaConnectionEvent {
  /** The connection, which is one object from its beginning to its end. */
  readonly connection: object;
}

/** What is known of topics. */
export interface KafkaMetadata {
  /** The topics by name. */
  readonly topics: ReadonlyMap<string, {
    readonly id: string;
    readonly partitions: readonly {
      readonly leader: number;
      readonly replicas: readonly number[];
    }[];
  }>;
}

/** The part of `Consumer` that is used. */
export interface KafkaConsumer extends KafkaClient {
  /** Its name in the group; `null`: it is not in it. */
  memberId: string | null;
  /** The topics that it knows of. */
  readonly topics: { track(topic: string): boolean };
  /** Joins the group; `consumer:group:join` tells of what it got. */
  joinGroup(options: object): Promise<unknown>;
  /** Leaves the group. */
  leaveGroup(): Promise<void>;
  /** Whether it has connections, and all of them are open. */
  isConnected(): boolean;
  /** The broker that keeps the books of the group. */
  findGroupCoordinator(): Promise<number>;
  /** The connections to some brokers. */
  connectToBrokers(nodes: number[]): Promise<ReadonlyMap<number, unknown>>;
  /** The positions of the group: by topic and partition, -1 is none. */
  listCommittedOffsets(options: {
    topics: { topic: string; partitions: number[] }[];
  }): Promise<ReadonlyMap<string, readonly bigint[]>>;
  /** The offsets at a time, by topic and partition. */
  listOffsets(options: {
    topics: string[];
    timestamp: bigint;
    isolationLevel: number;
  }): Promise<ReadonlyMap<string, readonly bigint[]>>;
  /** Asks a broker for records. */
  fetch(options: KafkaFetch): Promise<KafkaFetched>;
}

/** What a broker is asked for. */
export interface KafkaFetch {
  /** The broker. */
  node: number;
  /** Bytes of the answer, about. */
  maxBytes: number;
  /** Milliseconds that it may wait for records. */
  maxWaitTime: number;
  /** From where on. */
  topics: {
    topicId: string;
    partitions: {
      partition: number;
      currentLeaderEpoch: number;
      fetchOffset: bigint;
      lastFetchedEpoch: number;
      partitionMaxBytes: number;
    }[];
  }[];
}

/** What a broker answers. */
export interface KafkaFetched {
  /** By topic; partitions without news may be missing. */
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly records?: readonly KafkaBatch[] | null;
    }[];
  }[];
}

/** Records that were stored together. */
export interface KafkaBatch {
  /** Flags. */
  readonly attributes: number;
  /** The offset of the first record. */
  readonly firstOffset: bigint;
  /** The time of the first record. */
  readonly firstTimestamp: bigint;
  /** The last record, counted from the first offset. */
  readonly lastOffsetDelta: number;
  /** The records that are still there. */
  readonly records: readonly KafkaRecord[];
}

/** A record as it is stored. */
export interface KafkaRecord {
  /** Counted from the first offset of its batch. */
  readonly offsetDelta: number;
  /** Counted from the first time of its batch. */
  readonly timestampDelta: bigint;
  /** The key. */
  readonly key: Buffer | null;
  /** The value. */
  readonly value: Buffer | null;
  /** The headers; a name may come twice. */
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[];
}

/** The part of `Producer` that is used. */
export interface KafkaProducer extends KafkaClient {
  /** Resolves when all in-sync replicas have stored it. */
  send(options: { messages: KafkaMessage[] }): Promise<unknown>;
}

/** A record on its way. */
export interface KafkaMessage {
  /** Where to. */
  topic: string;
  /** Which partition of it. */
  partition: number;
  /** The key. */
  key?: Buffer;
  /** The value. */
  value: Buffer;
  /** The headers; each name is an object of its own. */
  headers: Map<Buffer, Buffer>;
  /** When it was made, in milliseconds since 1970. */
  timestamp: bigint;
}

/** A setting of a topic. */
export interface KafkaConfig {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly value?: string | null | undefined;
}

/** The part of `Admin` that is used. */
export interface KafkaAdmin extends KafkaClient {
  /** Makes topics. */
  createTopics(options: {
    topics: string[];
    partitions: number;
    replicas: number;
    configs: { name: string; value: string }[];
  }): Promise<unknown>;
  /** Removes topics. */
  deleteTopics(options: { topics: string[] }): Promise<unknown>;
  /** The names of all topics. */
  listTopics(): Promise<string[]>;
  /** Gives topics more partitions. */
  createPartitions(options: {
    topics: { name: string; count: number; assignments: null }[];
  }): Promise<unknown>;
  /** The settings of topics. */
  describeConfigs(options: {
    resources: { resourceType: 2; resourceName: string; configurationKeys: string[] }[];
  }): Promise<readonly { readonly configs: readonly KafkaConfig[] }[]>;
  /** Changes some settings of topics. */
  incrementalAlterConfigs(options: {
    resources: {
      resourceType: 2;
      resourceName: string;
      configs: { name: string; configOperation: 0; value: string }[];
    }[];
  }): Promise<unknown>;
  /** The positions of groups; -1 is none. */
  listConsumerGroupOffsets(options: {
    groups: { groupId: string; topics: { name: string; partitionIndexes: number[] }[] }[];
  }): Promise<
    readonly {
      readonly topics: readonly {
        readonly partitions: readonly { readonly committedOffset: bigint }[];
      }[];
    }[]
  >;
  /** Sets the positions of a group that nobody is in. */
  alterConsumerGroupOffsets(options: {
    groupId: string;
    topics: { name: string; partitionOffsets: { partition: number; offset: bigint }[] }[];
  }): Promise<unknown>;
  /** Removes groups that nobody is in. */
  deleteGroups(options: { groups: string[] }): Promise<unknown>;
}
