import type { Hand } from "./hand.ts";
import type { Inbox } from "./inbox.ts";
import { numbered } from "./samples.ts";
import { pause } from "./watch.ts";
import type { World } from "./world.ts";

/** What became of a delivery whose lease was prolonged all the time. */
export interface KeptUntil {
  /** How often that was refused. */
  readonly refusals: number;
  /** What came to another member meanwhile. */
  readonly came: readonly string[];
  /** Whether something can be told: a busy machine may be late, and a lane with an owner be given away. */
  readonly isInTime: boolean;
}

/** A delivery that a member has and prolongs, beside another member that has nothing to do. */
export class Kept {
  readonly #hand: Hand;
  readonly #rival: Inbox;
  readonly #lease: number;
  readonly #prolonging: Promise<void>;
  /** When its lease was prolonged for the last time, before that was asked for. */
  #last: number;
  #refusals = 0;
  #isInTime = true;
  #isOver = false;

  /** Makes the two members of a topic of their own, where there are leases. */
  static async hold(world: World): Promise<Kept> {
    const topic = await world.topic();
    const hand = await world.hand(topic, world.member("all"));
    const since = performance.now();
    await world.publish(await world.publisher(), topic, numbered(1));
    await hand.take(1);
    const rival = await world.inbox(topic, world.member("all"));
    const kept = new Kept({ hand, rival, since, lease: world.traits.lease });
    world.opened(() => kept.end());
    return kept;
  }

  private constructor(
    { hand, rival, since, lease }: { hand: Hand; rival: Inbox; since: number; lease: number },
  ) {
    this.#hand = hand;
    this.#rival = rival;
    this.#last = since;
    this.#lease = lease;
    this.#prolonging = this.#prolong();
    // Whoever ends it is told.
    this.#prolonging.catch(() => {});
  }

  /** Prolongs it no more. */
  async end(): Promise<KeptUntil> {
    this.#isOver = true;
    await this.#prolonging;
    this.#look();
    const isOurs = this.#hand.deliveries.every(({ lane }) => !lane.fenced);
    const isInTime = this.#isInTime && isOurs;
    return { refusals: this.#refusals, came: this.#rival.ids, isInTime };
  }

  async #prolong(): Promise<void> {
    const { deliveries, tap } = this.#hand;
    while (!this.#isOver) {
      const began = performance.now();
      this.#refusals += (await tap.extend!(deliveries)).length;
      this.#look();
      this.#last = began;
      await pause(this.#lease / 4);
    }
  }

  #look(): void {
    this.#isInTime &&= performance.now() - this.#last < this.#lease;
  }
}
