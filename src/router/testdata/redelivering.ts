import { fields } from "../../message/codec.ts";
import { Message } from "../../message/message.ts";
import type { Rec } from "../../message/rec.ts";
import type { Host, Source, Traits, Transport } from "../../transport/port.ts";
import { doctored } from "./doctored.ts";
import type { World } from "./world.ts";

const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: 0,
  counts: true,
  retained: false,
  groups: true,
  keyOrder: "none",
};

/** The record of an empty message. */
export function record(uuid: string): Rec {
  return fields.encode(new Message("", { uuid }), { topic: "in" });
}

/** A broker that delivers again at once what it is told to, as a record of its own each time. */
export class Redelivering {
  readonly transport: Transport;
  /** What it was told is done. */
  readonly acked: string[] = [];
  /** What its source hands over to, when there is one. */
  readonly host: Promise<Host>;

  /** `parts` is what its source can do beyond that. */
  constructor(world: World, parts: Partial<Source> = {}) {
    const live = Promise.withResolvers<Host>();
    this.host = live.promise;
    this.transport = doctored(world, {
      traits: TRAITS,
      source: (_spec, host) => {
        live.resolve(host);
        return Promise.resolve<Source>({
          offset: ({ token }) => String(token),
          ack: (deliveries) => {
            this.acked.push(...deliveries.map(({ rec }) => rec.id));
            return Promise.resolve();
          },
          requeue: (items) => {
            for (const { delivery: { rec, token, count } } of items) {
              this.deliver(rec, token as number, count + 1);
            }
            return Promise.resolve();
          },
          close: () => Promise.resolve(),
          ...parts,
        });
      },
    });
  }

  /** Delivers a record at an offset. */
  async deliver(rec: Rec, offset: number, count = 1): Promise<void> {
    const host = await this.host;
    host.admit({ rec: { ...rec }, token: offset, lane: { name: "", fenced: false }, count });
  }
}
