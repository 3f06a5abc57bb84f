import type { Host } from "@beat/beat/transport";
import type { Member } from "./member.ts";
import { SHARE, UNSHARE } from "./scripts.ts";
import { StreamLane } from "./stream_lane.ts";
import { laneNameOf } from "./topics.ts";

/**
 * The partitions that a member has: all of them belong to it as long as its own lease lasts. One that
 * another member waits for is drained first, then given up.
 */
export class Partitions {
  readonly lanes = new Map<number, StreamLane>();
  readonly #member: Member;
  readonly #host: Host;
  readonly #keys: readonly [members: string, owners: string];
  readonly #released = new Set<number>();
  #sharing: Promise<void> | undefined;
  /** When the lease was prolonged. */
  #since = -Infinity;

  constructor(member: Member, host: Host) {
    this.#member = member;
    this.#host = host;
    const { topic: { keys }, group } = member;
    this.#keys = [keys.members(group), keys.owners(group)];
  }

  /** Whether the lease may have ended. */
  get isOver(): boolean {
    return performance.now() - this.#since >= this.#member.lease;
  }

  /** Prolongs the lease; takes what is free, loses what is somebody else's. */
  share(): Promise<void> {
    this.#sharing ??= this.#share().finally(() => this.#sharing = undefined);
    return this.#sharing;
  }

  /** Gives up everything. */
  async leave(): Promise<void> {
    const { connection, consumer } = this.#member;
    await connection.run(UNSHARE, this.#keys, consumer);
  }

  async #share(): Promise<void> {
    const { connection, consumer, lease, topic } = this.#member;
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
      this.#host.lost(lane);
    }
    for (const partition of mine!) {
      // What was released while the call was on its way is given up by the next.
      if (!this.lanes.has(partition) && !this.#released.has(partition)) this.#add(partition);
    }
    for (const partition of wanted!) this.#release(partition);
  }

  #add(partition: number): void {
    const { topic } = this.#member;
    const stream = topic.keys.streams[partition]!;
    const lane = new StreamLane(laneNameOf(topic, partition), partition, stream);
    lane.inherits = true;
    this.lanes.set(partition, lane);
  }

  #release(partition: number): void {
    const lane = this.lanes.get(partition);
    if (lane === undefined || lane.isLeaving) return;
    lane.isLeaving = true;
    void this.#host.revoke(lane, this.#member.lease / 2).then(() => {
      if (this.lanes.get(partition) !== lane) return;
      this.lanes.delete(partition);
      this.#released.add(partition);
      // Whoever waits for it need not wait for the next look.
      this.share().catch(() => {});
    });
  }
}
