import type { Delivery } from "@beat/beat/transport";
import type { Msg } from "@nats-io/transport-node";
import type { GivenBack } from "./given_back.ts";
import type { GroupLane } from "./group_lane.ts";
import { readRec } from "./headers.ts";
import { Held } from "./held.ts";

/** What it takes to make a delivery of a message. */
export interface ArrivalPlan {
  readonly topic: string;
  readonly lease: number;
  readonly givenBack: GivenBack;
}

/** Makes deliveries of messages, in their order: what was given back before has to be looked up. */
export class Arrivals {
  readonly #plan: ArrivalPlan;
  readonly #hand: (delivery: Delivery) => void;
  /** Deliveries that are looked up, and the end of that. */
  #looking = 0;
  #looked: Promise<void> = Promise.resolve();

  constructor(plan: ArrivalPlan, hand: (delivery: Delivery) => void) {
    this.#plan = plan;
    this.#hand = hand;
  }

  /** Resolves when all that was added has been handed on. */
  get handed(): Promise<void> {
    return this.#looked;
  }

  /** A message has come, for the `count`th time. */
  add(lane: GroupLane, count: number, message: Msg): void {
    const { topic, lease, givenBack } = this.#plan;
    const token = new Held(topic, lane, message, performance.now() + lease);
    const rec = readRec(message.headers, message.data, token);
    if (count === 1 && this.#looking === 0) return this.#hand({ rec, token, lane, count });
    const asked = count === 1 ? 0 : givenBack.times(token);
    this.#looking++;
    // One after the other: what came later must not pass what is looked up.
    this.#looked = Promise.all([asked, this.#looked]).then(([returns]) => {
      this.#looking--;
      token.returns = returns;
      this.#hand({ rec, token, lane, count: Math.max(1, count - returns) });
    });
  }
}
