import type { Rec } from "../message/rec.ts";
import type { StartPosition } from "../message/contracts.ts";
import type { PublishOutcome } from "../message/errors.ts";
import type { ConnectionEvent, LaneLag, TopicAdmin } from "./capabilities.ts";

/**
 * What a broker orders and gives to one owner: a partition; one lane named `""` where there is none.
 * A new assignment is a new object: what is still running for the old one cannot touch it.
 */
export interface Lane {
  /** The name of the partition. */
  readonly name: string;
  /** Set by the engine: the lane belongs to somebody else by now. A source starts with `false`. */
  fenced: boolean;
}

/** One record on its way to a handler. */
export interface Delivery {
  /** What was published. */
  readonly rec: Rec;
  /** Whatever the source needs to settle it: an offset, a handle, an ack function. */
  readonly token: unknown;
  /** Where it came from. */
  readonly lane: Lane;
  /** The broker's count of deliveries of this record, 1 first; 1 where it does not count. */
  readonly count: number;
}

/** What a broker can do; the engine does the rest. */
export interface Traits {
  /**
   * `"each"`: deliveries are acked one by one. `"prefix"`: the settled prefix of a lane is committed.
   * `"none"`: there is nothing to tell.
   */
  readonly settle: "each" | "prefix" | "none";
  /** Who waits out a nack: the broker, which survives a crash, or the engine in the slot that it holds. */
  readonly requeue: "broker" | "engine";
  /** Milliseconds that a delivery stays ours without `extend`; 0 is until disconnected. */
  readonly lease: number;
  /** Whether the broker counts deliveries. */
  readonly counts: boolean;
  /** Whether what was published before a subscription can still be read. */
  readonly retained: boolean;
  /** Whether there are consumer groups. */
  readonly groups: boolean;
  /** Among whom the order of a key can be kept: a group, one member, nobody. */
  readonly keyOrder: "group" | "member" | "none";
}

/**
 * What a source is made for. It is one object for the life of a consumption: by it a transport knows again
 * for whom it makes a source anew, such as a reader, whose position no broker keeps.
 */
export interface SourceSpec {
  /** The topic. */
  readonly topic: string;
  /** The consumer group; without one it is a reader that joins nothing and leaves nothing behind. */
  readonly group?: string;
  /** Where it begins if it has no position of its own. */
  readonly from: StartPosition;
  /** Deliveries that are taken and not settled at most. */
  readonly prefetch: number;
  /** Whether the order of each key must hold among all members of the group. */
  readonly ordered: boolean;
}

/** What the engine gives to a source. */
export interface Host {
  /**
   * Hands over a delivery, after waiting for room: for brokers that push. What is handed over while
   * another one waits is kept, so a source that does not wait has to bound how much that is.
   */
  admit(delivery: Delivery): void | Promise<void>;
  /** Hands over a delivery without waiting, the handler runs in the caller's stack; false means full or closed. */
  offer(delivery: Delivery): boolean;
  /**
   * Drains a lane that will be given away: starts nothing, lets what runs finish for at most `within`
   * milliseconds, flushes its acks, then fences it. The source hands over nothing more of it.
   */
  revoke(lane: Lane, within: number): Promise<void>;
  /** Fences a lane that is already somebody else's: signals abort, a later `ack()` is false. */
  lost(lane: Lane, cause?: unknown): void;
  /** There will be nothing more: the subscription closes when what came is settled. */
  end(): void;
  /** Reports the connection. After `"failed"` the engine closes the source and makes a new one. */
  event(event: ConnectionEvent): void;
}

/** What is to be delivered again. */
export interface Requeue {
  /** The delivery. */
  readonly delivery: Delivery;
  /** Milliseconds until then. */
  readonly delay: number;
  /** Whether no handler saw it: it is given back, and must not count as an attempt. */
  readonly unstarted: boolean;
}

/**
 * Where the deliveries of one subscription come from. One call of each method is in flight at most, but
 * of `transfer` and `lag`; an `extend` that takes longer than a lease is not waited for.
 */
export interface Source {
  /** What differs for this topic, or for a reader without group. */
  readonly traits?: Partial<Traits>;
  /**
   * Resolves with at most `room` deliveries as soon as there is one, or with none after a while. Lanes for
   * which `paused` is true are left out. Rejects when the connection is lost: the engine closes this
   * source and makes a new one. Resolves, or rejects, at once when the signal aborts.
   */
  fetch?(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]>;
  /** Settles deliveries for good. With `settle: "prefix"` it gets the last of each lane's settled prefix. */
  ack(deliveries: readonly Delivery[]): Promise<void>;
  /** Has deliveries delivered again; only for `requeue: "broker"`, or to give back what was not started. */
  requeue?(items: readonly Requeue[]): Promise<void>;
  /** Prolongs leases, every half lease; resolves with those that are no longer ours. */
  extend?(deliveries: readonly Delivery[]): Promise<readonly Delivery[]>;
  /** Publishes and acks in one step. */
  transfer?(delivery: Delivery, topic: string, rec: Rec): Promise<void>;
  /** The broker's own name for the record: offset, sequence, id. */
  offset?(delivery: Delivery): string;
  /** How far behind it is. */
  lag?(): Promise<readonly LaneLag[]>;
  /**
   * Hands over nothing more, while what is here is still settled: for brokers that push. Without it what
   * is given back in the end may be handed over again at once.
   */
  stop?(): Promise<void>;
  /** Ends what the source has opened; positions that a group has stay. */
  close(): Promise<void>;
}

/** Why an item was not stored. */
export interface SendFailure {
  /** What the broker said. */
  readonly cause: unknown;
  /** `"unknown"`: the connection broke, it may be stored. `"not-attempted"`: an earlier item of its key failed. */
  readonly outcome: PublishOutcome;
}

/** One record on its way to a topic. */
export interface SendItem {
  /** Where to. */
  readonly topic: string;
  /** What. */
  readonly rec: Rec;
  /**
   * Tells this publishing from all others: destination, id and purpose. It is what a broker that drops
   * duplicates goes by; the id alone would take a dead letter for the message itself.
   */
  readonly identity: string;
}

/** Takes records to the broker, without retry, window or batching of its own. */
export interface Sink {
  /** What keeps order: at most one `send` per lane is in flight, the next carries what came meanwhile. */
  lane(topic: string, rec: Rec): string;
  /**
   * Resolves when the broker has confirmed or refused each item: one entry per item, in order. Rejects
   * when nobody knows: the connection broke.
   */
  send(lane: string, items: readonly SendItem[]): Promise<readonly (undefined | SendFailure)[]>;
  /** Items and bytes of one `send`, and lanes in flight, at most. An item that is larger goes alone. */
  readonly limits: { readonly batch: number; readonly bytes: number; readonly lanes: number };
  /** Ends what the sink has opened. */
  close(): Promise<void>;
}

/** A broker, as narrow as it can be: a source, a sink and, where it can, an admin. */
export interface Transport {
  /** The kind of broker: `"memory"`, `"kafka"`, … */
  readonly name: string;
  /** What it can do. */
  readonly traits: Traits;
  /** Subscribes; resolves when it is live: what is published from now on is delivered. */
  source(spec: SourceSpec, host: Host): Promise<Source>;
  /** Opens the way in. */
  sink(): Sink;
  /** Creates and changes topics. */
  readonly admin?: TopicAdmin;
  /**
   * The first records of a topic, without consuming them. Of one that is not there it has none, and does
   * not make it.
   */
  peek?(topic: string, limit: number): Promise<Rec[]>;
  /** Ends what the transport itself has opened: never a client that was handed in. */
  close(): Promise<void>;
}
