import { createInbox, type Msg, type Subscription } from "@nats-io/transport-node";
import type { Opened } from "./connection.ts";
import { readCount, readInfo } from "./delivery_info.ts";
import type { GroupLane } from "./group_lane.ts";

/** What an inbox tells. */
export interface InboxHooks {
  /** A message of a lane has come, for the `count`th time. */
  received(lane: GroupLane, count: number, message: Msg): void;
  /** Something that was asked for will not come: it may be asked for again. */
  dismissed(): void;
  /** The server will not deliver what was asked for. */
  failed(cause: unknown): void;
}

/** The header that says how much of a request will not come. */
const LEFT = "Nats-Pending-Messages";
/** What a request ends with that was not refused: its time is over, or the server that had it is gone. */
const OVER = /^(404 |408 |409 (leadership change|server shutdown))/i;

/**
 * Where durable consumers send what they were asked for. It is one subscription for all requests: the
 * server delivers nothing more as soon as it has ended, and what was on its way before is not lost.
 */
export class Inbox {
  readonly #opened: Opened;
  readonly #lanes: readonly GroupLane[];
  readonly #hooks: InboxHooks;
  readonly #prefix: string;
  readonly #subscription: Subscription;

  constructor(opened: Opened, lanes: readonly GroupLane[], hooks: InboxHooks) {
    this.#opened = opened;
    this.#lanes = lanes;
    this.#hooks = hooks;
    this.#prefix = `${createInbox(opened.inboxPrefix)}.`;
    this.#subscription = opened.nc.subscribe(`${this.#prefix}*`, {
      callback: (cause, message) => this.#hear(cause, message),
    });
  }

  /** Asks for messages, which the server forgets after some milliseconds, and says so. */
  ask(lane: GroupLane, count: number, expires: number): void {
    const { js, nc } = this.#opened;
    const subject = `${js.apiPrefix}.CONSUMER.MSG.NEXT.${lane.stream}.${lane.durable}`;
    const wish = JSON.stringify({ batch: count, expires: expires * 1e6 });
    nc.publish(subject, wish, { reply: this.#prefix + this.#lanes.indexOf(lane) });
  }

  /** Ends it; resolves when all is here that was on its way. */
  async drain(): Promise<void> {
    if (!this.#subscription.isClosed()) await this.#subscription.drain();
  }

  /** Ends it at once. */
  close(): void {
    this.#subscription.unsubscribe();
  }

  #hear(cause: Error | null, message: Msg): void {
    if (cause !== null) return this.#hooks.failed(cause);
    const { subject } = message;
    // A message comes by the subject that it was published to.
    if (subject.startsWith(this.#prefix)) {
      this.#dismiss(this.#lanes[Number(subject.slice(this.#prefix.length))]!, message);
    } else {
      const reply = message.reply!;
      const lane = this.#laneOf(reply);
      this.#hooks.received(lane, readCount(reply, lane.beginning), message);
    }
  }

  #laneOf(reply: string): GroupLane {
    const known = this.#lanes.find(({ beginning }) => beginning && reply.startsWith(beginning));
    if (known !== undefined) return known;
    const info = readInfo(reply);
    const lane = this.#lanes.find(({ durable }) => durable === info.durable)!;
    lane.beginning = info.beginning;
    return lane;
  }

  #dismiss(lane: GroupLane, { headers }: Msg): void {
    const says = `${headers?.code} ${headers?.description}`;
    if (OVER.test(says)) {
      lane.dismiss(Number(headers?.get(LEFT) || lane.asked));
      this.#hooks.dismissed();
    } else {
      const { durable, stream } = lane;
      const error = `Consumer '${durable}' of stream '${stream}' does not deliver: ${says}`;
      this.#hooks.failed(new Error(error));
    }
  }
}
