import type { Host } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { SHARE, UNSHARE } from "./scripts.ts";
import { StreamLane } from "./stream_lane.ts";
import type { Topic } from "./topics.ts";

/** What a share in partitions is for. */
export interface ShareOptions {
  readonly connection: Connection;
  readonly topic: Topic;
  readonly group: string;
  readonly consumer: string;
  readonly lease: number;
  readonly host: Host;
}

/**
 * The partitions that a member has: all of them belong to it as long as its own lease lasts. One that
 * another member waits for is drained first, then given up.
 */
export class Partitions {
  readonly lanes = new Map<number, StreamLane>();
  readonly #options: ShareOptions;
  readonly #keys: readonly [members: string, owners: string];
  readonly #released = new Set<number>();
  #sharing: Promise<void> | undefined;
  /** When the lease was prolonged. */
  #since = -Infinity;

  constructor(options: ShareOptions) {
    this.#options = options;
    const { keys } = options.topic;
    this.#keys = [keys.members(options.group), keys.owners(options.group)];
  }

  /** Whether the lease may have ended. */
  get isOver(): boolean {
    return performance.now() - this.#since >= this.#options.lease;
  }

  /** Prolongs the lease; takes what is free, loses what is somebody else's. */
  share(): Promise<void> {
    this.#sharing ??= this.#share().finally(() => this.#sharing = undefined);
    return this.#sharing;
  }

  /** Gives up everything. */
  async leave(): Promise<void> {
    await this.#options.connection.run(UNSHARE, this.#keys, this.#options.consumer);
  }

  async #share(): Promise<void> {
    const { connection, consumer, lease, topic, host } = this.#options;
    const released = [...this.#released];
    const began = performance.now();
    const args = [consumer, Math.ceil(lease), topic.partitions, ...released];
    const reply = await connection.run(SHARE, this.#keys, ...args);
    const [mine, wanted] = (reply as unknown[][]).map((list) => new Set(list.map(Number)));
    this.#since = began;
    for (const partition of released) this.#released.delete(partition);
    for (const [partition, lane] of this.lanes) {
      if (mine!.has(partition)) continue;
      this.lanes.delete(partition);
      host.lost(lane);
    }
    for (const partition of mine!) {
      // What was released while the call was on its way is given up by the next.
      if (!this.lanes.has(partition) && !this.#released.has(partition)) this.#add(partition);
    }
    for (const partition of wanted!) this.#release(partition);
  }

  #add(partition: number): void {
    const { topic, group } = this.#options;
    const stream = topic.keys.streams[partition]!;
    const delayed = topic.keys.delayed(group, partition);
    this.lanes.set(
      partition,
      new StreamLane(String(partition), partition, stream, delayed, true),
    );
  }

  #release(partition: number): void {
    const lane = this.lanes.get(partition);
    if (lane === undefined || lane.isLeaving) return;
    lane.isLeaving = true;
    const { host, lease } = this.#options;
    void host.revoke(lane, lease / 2).then(() => {
      if (this.lanes.get(partition) !== lane) return;
      this.lanes.delete(partition);
      this.#released.add(partition);
      // Whoever waits for it need not wait for the next look.
      this.share().catch(() => {});
    });
  }
}
