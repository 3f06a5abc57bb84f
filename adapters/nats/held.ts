import type { Rec } from "@beat/beat/message";
import type { Delivery, Lane } from "@beat/beat/transport";
import type { JsMsg } from "@nats-io/jetstream";
import type { Place } from "./given_back.ts";
import { readRec } from "./headers.ts";

/** What a member of a group needs to settle a delivery. */
export interface Held extends Place {
  /** Where the consumer hears of it. */
  readonly reply: string;
  /** How many of its deliveries no handler has seen. */
  returns: number;
  /** When the lease ends, by `performance.now()`. */
  until: number;
}

/** What came with a delivery. */
export function heldOf({ token }: Delivery): Held {
  return token as Held;
}

/** The record of a message of a stream. */
export function recOf({ headers, data, info }: JsMsg, topic: string, lane: Lane): Rec {
  return readRec(headers, data, {
    id: `${topic}/${lane.name}/${info.streamSequence}`,
    time: Math.floor(info.timestampNanos / 1e6),
  });
}
