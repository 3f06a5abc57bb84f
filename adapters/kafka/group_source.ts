import type { Delivery, Host, Lane, LaneLag, Source } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import type { KafkaConsumer } from "./client.ts";
import { endConsumer } from "./ending.ts";
import { Fetcher, type FetcherPlan } from "./fetcher.ts";
import { KafkaLane, laneOf, offsetOf } from "./lane.ts";
import { commitPositions, type Joined, joinGroup, type Membership } from "./membership.ts";
import { lagsOf } from "./offsets.ts";
import { type Holder, positionsOf } from "./positions.ts";

/** What a member of a group is made of. */
export interface GroupPlan extends FetcherPlan, Holder {
  readonly host: Host;
  /** Milliseconds that handlers have to finish when partitions are shared out anew. */
  readonly within: number;
  /** Milliseconds that an answer of a broker may take. */
  readonly timeout: number;
  /** Makes the client that joins; it waits for `release` before it does so. */
  join(release: () => Promise<Buffer>): KafkaConsumer;
}

/**
 * Where a member of a group has its deliveries from. One client is the member, another one fetches: a
 * broker answers what comes by one connection in its order, and a fetch waits for records.
 */
export class GroupSource implements Source {
  readonly #plan: GroupPlan;
  readonly #member: KafkaConsumer;
  readonly #fetcher: Fetcher;
  #membership: Membership | undefined;
  #committing: Promise<unknown> = Promise.resolve();

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    this.#fetcher = new Fetcher(plan);
    this.#member = plan.join(() => this.#release());
    this.#member.topics.track(plan.topic.name);
    this.#member.on("consumer:group:join", (joined: Joined) => void this.#assign(joined));
    // The client is out of the group then, and stays out.
    this.#member.on("error", (cause: unknown) => this.#fail(cause));
    this.#member.on(
      "consumer:heartbeat:stalled",
      ({ lastError }: { lastError: unknown }) => this.#fail(lastError),
    );
  }

  /** Resolves when it is a member. */
  join(): Promise<void> {
    return joinGroup(this.#member, this.#plan.group);
  }

  fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    return this.#fetcher.fetch(room, paused, signal);
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const own = deliveries.filter((delivery) => this.#fetcher.lanes.includes(laneOf(delivery)));
    const positions = new Map(own.map((one) => [laneOf(one).partition, offsetOf(one) + 1n]));
    await this.#commit(positions);
    for (const delivery of own) laneOf(delivery).settled = offsetOf(delivery) + 1n;
  }

  offset(delivery: Delivery): string {
    return String(offsetOf(delivery));
  }

  lag(): Promise<readonly LaneLag[]> {
    return lagsOf(this.#plan.consumer, this.#plan.topic.name, this.#fetcher.lanes);
  }

  async close(): Promise<void> {
    this.#membership = undefined;
    await Promise.all([
      endConsumer(this.#member, this.#fetcher.isLost ? 0 : this.#plan.timeout),
      this.#fetcher.close(),
    ]);
  }

  /** Gives all partitions away: those that come next are given by the group. */
  async #release(): Promise<Buffer> {
    const { host, within } = this.#plan;
    const { lanes } = this.#fetcher;
    const isIn = this.#member.memberId !== null;
    if (isIn) await Promise.all(lanes.map((lane) => host.revoke(lane, within)));
    else for (const lane of lanes) host.lost(lane, new Error("The group went on without it"));
    this.#membership = undefined;
    this.#fetcher.lanes = [];
    await this.#committing;
    return Buffer.alloc(0);
  }

  async #assign({ memberId, generationId, assignments }: Joined): Promise<void> {
    const { topic: { name }, group } = this.#plan;
    const membership = { group, memberId, generation: generationId };
    this.#membership = membership;
    const own = assignments.find(({ topic }) => topic === name)?.partitions ?? [];
    try {
      const { positions, unknown } = await positionsOf(this.#plan, this.#member, own);
      if (this.#membership !== membership) return;
      await this.#commit(unknown);
      if (this.#membership !== membership) return;
      this.#fetcher.lanes = Array.from(
        positions,
        ([partition, position]) => new KafkaLane(name, partition, position),
      );
    } catch (cause) {
      if (this.#membership === membership) this.#fail(cause);
    }
  }

  async #commit(positions: ReadonlyMap<number, bigint>): Promise<void> {
    const { topic: { name } } = this.#plan;
    if (positions.size === 0 || this.#membership === undefined) return;
    const committing = commitPositions(this.#member, this.#membership, name, positions);
    this.#committing = committing.catch(() => {});
    await committing;
  }

  #fail(cause: unknown): void {
    this.#plan.host.event({ kind: "failed", at: Date.now(), cause });
  }
}
