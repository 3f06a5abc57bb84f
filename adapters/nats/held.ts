import type { Delivery } from "@beat/beat/transport";
import type { Msg } from "@nats-io/transport-node";
import { readInfo } from "./delivery_info.ts";
import type { Place } from "./given_back.ts";
import type { GroupLane } from "./group_lane.ts";
import type { Origin } from "./headers.ts";

/** What a member of a group needs to settle a delivery, and to say where it is from. */
export class Held implements Place, Origin {
  /** Through which the consumer hears of it. */
  readonly message: Msg;
  /** How many of its deliveries no handler has seen. */
  returns = 0;
  /** When the lease ends, by `performance.now()`. */
  until: number;
  readonly #topic: string;
  readonly #lane: GroupLane;

  constructor(topic: string, lane: GroupLane, message: Msg, until: number) {
    this.message = message;
    this.until = until;
    this.#topic = topic;
    this.#lane = lane;
  }

  get stream(): string {
    return this.#lane.stream;
  }

  get durable(): string {
    return this.#lane.durable;
  }

  get sequence(): number {
    return readInfo(this.message.reply!).sequence;
  }

  get time(): number {
    return readInfo(this.message.reply!).time;
  }

  get id(): string {
    return `${this.#topic}/${this.#lane.name}/${this.sequence}`;
  }
}

/** What came with a delivery. */
export function heldOf({ token }: Delivery): Held {
  return token as Held;
}
