import { ClosedError } from "../message/errors.ts";
import type { SendFailure, SendItem, Sink } from "../transport/port.ts";
import { TopicFullError } from "./errors.ts";
import type { PublishFate, Simulation } from "./simulation.ts";
import type { Topic } from "./topic.ts";
import type { Waiter } from "./waiting_line.ts";

/** The way into a broker. One lane per topic: a topic that is full holds up no other. */
export class MemorySink implements Sink {
  readonly limits = { batch: 1_024, bytes: Infinity, lanes: Infinity };
  readonly #open: (topic: string) => Topic;
  readonly #simulation: Simulation | undefined;
  readonly #waiting = new Set<Waiter>();
  #closed = false;

  /** `open` gives a topic by its name, or throws. */
  constructor(open: (topic: string) => Topic, simulation?: Simulation) {
    this.#open = open;
    this.#simulation = simulation;
  }

  lane(topic: string): string {
    return topic;
  }

  // deno-lint-ignore require-await
  async send(
    lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    let topic: Topic;
    try {
      topic = this.#enter(lane);
    } catch (cause) {
      if (!(cause instanceof ClosedError)) throw cause;
      // To throw would say that nobody knows what is stored.
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    topic.expire();
    const sending = new Sending(topic, items, this.#simulation?.publishing(lane));
    const isDone = topic.line.length === 0 && sending.store();
    return isDone ? sending.results : this.#storeInTurn(topic, sending);
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.fail(new ClosedError("publish", "memory broker"));
  }

  #enter(lane: string): Topic {
    if (this.#closed) throw new ClosedError("publish", "memory broker");
    return this.#open(lane);
  }

  async #storeInTurn(topic: Topic, sending: Sending): Promise<Sending["results"]> {
    const waiter = topic.line.join();
    this.#waiting.add(waiter);
    try {
      do await waiter.turn(); while (!sending.store());
    } catch (cause) {
      sending.refuse(cause);
    } finally {
      this.#waiting.delete(waiter);
      waiter.leave();
    }
    return sending.results;
  }
}

/** The items of one `send`, and how far it has come. */
class Sending {
  readonly results: (undefined | SendFailure)[];
  readonly #topic: Topic;
  readonly #items: readonly SendItem[];
  readonly #fateOf: ((item: SendItem) => PublishFate | undefined) | undefined;
  #at = 0;

  constructor(
    topic: Topic,
    items: readonly SendItem[],
    fateOf?: (item: SendItem) => PublishFate | undefined,
  ) {
    this.#topic = topic;
    this.#items = items;
    this.#fateOf = fateOf;
    this.results = new Array(items.length).fill(undefined);
  }

  /** Stores what there is room for; tells whether nothing is left. */
  store(): boolean {
    const now = Date.now();
    const topic = this.#topic;
    const items = this.#items;
    const { overflow } = topic.config;
    for (; this.#at < items.length; this.#at++) {
      if (topic.makeRoom(1)) this.#append(items[this.#at]!, now);
      else if (overflow === "block") break;
      else this.results[this.#at] = fullness(topic);
    }
    topic.wake();
    return this.#at === items.length;
  }

  /** Refuses what is left. */
  refuse(cause: unknown): void {
    this.results.fill({ cause, outcome: "rejected" }, this.#at);
  }

  #append(item: SendItem, now: number): void {
    const fate = this.#fateOf?.(item);
    if (fate !== undefined) this.results[this.#at] = fate.failure;
    if (fate === undefined || fate.stored) this.#topic.append(item.rec, now);
  }
}

function fullness({ name, config }: Topic): SendFailure {
  return { cause: new TopicFullError(name, config.maxMessages), outcome: "rejected" };
}
