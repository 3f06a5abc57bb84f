import { PublishError, type PublishFailure } from "../message/errors.ts";
import type { Rec } from "../message/rec.ts";
import type { SendFailure, SendItem } from "./port.ts";

/** One record of a call, on its way to the sink. */
export class OutletItem implements SendItem {
  readonly rec: Rec;
  readonly call: OutletCall;
  readonly index: number;
  readonly lane: string;
  /** `"waiting"` for room, `"queued"` in its lane, `"sent"` to the sink, `"settled"`: its call knows. */
  state: "waiting" | "queued" | "sent" | "settled" = "waiting";
  /** Neighbours in the queue of the lane. */
  previous: OutletItem | undefined = undefined;
  next: OutletItem | undefined = undefined;

  constructor(rec: Rec, call: OutletCall, index: number, lane: string) {
    this.rec = rec;
    this.call = call;
    this.index = index;
    this.lane = lane;
  }

  get topic(): string {
    return this.call.topic;
  }

  get identity(): string {
    return this.call.identities?.[this.index] ?? `${this.topic}:${this.rec.id}`;
  }
}

/** One call of `publish`: its promise settles when the outcome of each item is known. */
export class OutletCall {
  readonly topic: string;
  readonly identities: readonly string[] | undefined;
  readonly items: OutletItem[] = [];
  readonly promise: Promise<void>;
  /** Called before the promise settles. */
  onSettled: (() => void) | undefined = undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #settled = 0;
  #failures: PublishFailure[] | undefined = undefined;
  #failedKeys: Map<string, unknown> | undefined = undefined;

  constructor(topic: string, identities: readonly string[] | undefined) {
    this.topic = topic;
    this.identities = identities;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Notes the outcome of an item; the first counts. */
  settle(item: OutletItem, failure?: SendFailure): void {
    if (item.state === "settled") return;
    item.state = "settled";
    if (failure !== undefined) this.#fail(item, failure);
    if (++this.#settled === this.items.length) this.#finish();
  }

  /** Why an item must not be sent: an earlier one of its key failed, so it would overtake it. */
  refusal({ rec }: OutletItem): SendFailure | undefined {
    if (this.#failedKeys === undefined || !this.#failedKeys.has(rec.key)) return undefined;
    return { cause: this.#failedKeys.get(rec.key), outcome: "not-attempted" };
  }

  #fail({ index, rec }: OutletItem, { cause, outcome }: SendFailure): void {
    (this.#failures ??= []).push({ index, cause, outcome });
    if (rec.key === "") return;
    this.#failedKeys ??= new Map();
    if (!this.#failedKeys.has(rec.key)) this.#failedKeys.set(rec.key, cause);
  }

  #finish(): void {
    this.onSettled?.();
    if (this.#failures === undefined) return this.#resolve();
    const failed = this.#failures.sort((one, other) => one.index - other.index);
    this.#reject(new PublishError(this.topic, failed, this.items.length));
  }
}
